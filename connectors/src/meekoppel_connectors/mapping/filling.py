"""Filling the fields of a plan from one row, by compiled rules.

What cannot be filled is noted as a problem, and the filling goes on: a planner wants to see all that is wrong with a
row at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from meekoppel_connectors.mapping.privacy.guarding import PersonGuard
from meekoppel_connectors.mapping.reasons import Reason, Unreadable
from meekoppel_connectors.mapping.rules import PLACEHOLDER, Constant, Node, Part, Several, Taken
from meekoppel_connectors.mapping.values import converted, is_missing, text_of


class _Absent:
    """No value: the field is left out."""


ABSENT: Final = _Absent()
_NEW: Final = _Absent()
_MOST_REMEMBERED, _LONGEST_REMEMBERED = 10_000, 100

Memory = dict[str, dict[str, Any]]
"""Plan field → source text → plan value: the same dates and codes come often, and are read once."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a field could not be filled.

    Attributes:
        field: the source field, or the plan field where no single source field is to blame.
        reason: the code.
        message: what is wrong and what to do, in words.
    """

    field: str
    reason: Reason
    message: str


class SlugRegister:
    """Remembers from which name each organisation code was made, so that two names never share one."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def check(self, slug: str, name: str) -> None:
        """Refuse a second name for a code; capitals and white space do not make another name.

        Raises:
            Unreadable: when the code belongs to another name.
        """
        plain = " ".join(name.casefold().split())
        known = self._names.setdefault(slug, plain)
        if known != plain:
            raise Unreadable(
                Reason.SLUG_COLLISION, f"{name!r} gives the code {slug}, as {known!r} does; tell them apart with codes"
            )


class Filling:
    """The filling of one plan from one row.

    Attributes:
        problems: what could not be filled, in the order of the mapping.
    """

    def __init__(
        self,
        values: Mapping[str, Any],
        as_of: datetime,
        zone: ZoneInfo,
        slugs: SlugRegister,
        memory: Memory,
        guard: PersonGuard,
    ) -> None:
        self.problems: list[Problem] = []
        self._memory = memory
        self._guard = guard
        self._values = values
        self._as_of = as_of
        self._zone = zone
        self._slugs = slugs

    def fill(self, node: Node) -> Any:
        """Give the value of a field; ABSENT when there is none, be it allowed or noted as a problem."""
        if isinstance(node, Taken):
            return self._taken(node)
        if isinstance(node, Constant):
            return node.value
        return self.part(node) if isinstance(node, Part) else self._several(node)

    def part(self, part: Part) -> Any:
        """Give the fields of a part; ABSENT when one that the part cannot do without is absent, or all are."""
        present: dict[str, Any] = {} if part.text is None else self._in_words(part.text)
        for name, node in part.fields.items():
            value = self.fill(node)
            if value is not ABSENT:
                present[name] = value
        if not part.required_fields <= present.keys():
            return ABSENT
        return present if present or not part.fields else ABSENT

    def _in_words(self, text: Node) -> dict[str, Any]:
        period = self.fill(text)
        if period is ABSENT:
            return {}
        return {name: getattr(period, name) for name in ("earliest_start", "latest_end", "precision")}

    def _several(self, several: Several) -> list[Any]:
        found: list[Any] = []
        for entry in several.entries:
            value = self.fill(entry)
            for one in value if isinstance(value, list) else [value]:
                if one is not ABSENT and one not in found:
                    found.append(one)
        return found

    def _taken(self, taken: Taken) -> Any:
        try:
            field, raw = self._raw(taken)
        except Unreadable as error:
            return self._refused(taken, ", ".join(taken.names), error)
        known = self._memory.setdefault(taken.path, {}) if taken.recurs and type(raw) is str else None
        value = _NEW if known is None else known.get(raw, _NEW)
        if value is _NEW:
            try:
                value = self._list(taken, raw) if taken.target.many else self._one(taken, raw)
            except Unreadable as error:
                return self._refused(taken, field, error)
            if known is not None and len(known) < _MOST_REMEMBERED and len(raw) <= _LONGEST_REMEMBERED:
                known[raw] = value
        return self._instead(taken, field) if value is ABSENT or value == [] else value

    def _refused(self, taken: Taken, field: str, error: Unreadable) -> _Absent:
        self.problems.append(Problem(field, error.reason, f"{error.message} (for {taken.path})"))
        return ABSENT

    def _raw(self, taken: Taken) -> tuple[str, Any]:
        """Give the source value, and the source field to name when it is wrong."""
        rule = taken.rule
        if rule.as_of:
            return taken.path, self._as_of
        if rule.template is not None:
            if all(is_missing(self._values.get(name)) for name in taken.names):
                return ", ".join(taken.names), None
            return ", ".join(taken.names), PLACEHOLDER.sub(lambda found: self._piece(taken, found[1]), rule.template)
        for name in taken.names:
            value = self._values.get(name)
            if not is_missing(value):
                return name, value
        return ", ".join(taken.names) or taken.path, None

    def _piece(self, taken: Taken, name: str) -> str:
        value = self._values.get(name)
        pieces = [text_of(one) for one in (value if isinstance(value, list) else [value]) if not is_missing(one)]
        if isinstance(value, dict):
            raise _nested(value)
        if name in taken.person_columns:
            pieces = [self._guard.cleared_name(piece, taken.path) for piece in pieces]
        return ", ".join(pieces)

    def _list(self, taken: Taken, raw: Any) -> list[Any]:
        pieces = raw if isinstance(raw, list) else [raw]
        if taken.rule.split is not None:
            pieces = [
                part for piece in pieces if not is_missing(piece) for part in text_of(piece).split(taken.rule.split)
            ]
        values: list[Any] = []
        for piece in pieces:
            value = self._one(taken, piece)
            values.extend(value if isinstance(value, list) else [] if value is ABSENT else [value])
        return values

    def _one(self, taken: Taken, raw: Any) -> Any:
        if isinstance(raw, list):
            filled = [one for one in raw if not is_missing(one)]
            if len(filled) > 1:
                message = f"stands {len(filled)} times in this row, and the plan takes one value"
                raise Unreadable(Reason.VALUE_UNREADABLE, message)
            raw = filled[0] if filled else None
        if isinstance(raw, dict):
            raise _nested(raw)
        if is_missing(raw):
            return ABSENT
        translated = self._translated(taken, raw)
        if translated is None:
            return ABSENT
        if isinstance(translated, list):
            return [converted(one, taken.target, taken.rule, self._zone) for one in translated]
        if taken.target.is_text_for_people:
            translated = self._cleared(taken, text_of(translated))
        value = converted(translated, taken.target, taken.rule, self._zone)
        if taken.rule.slug:
            self._slugs.check(value, text_of(translated))
        return value

    def _cleared(self, taken: Taken, text: str) -> str:
        maskable = not taken.target.names_organisation
        if taken.person_columns and taken.rule.template is None:
            text = self._guard.cleared_name(text, taken.path, maskable=maskable)
        return self._guard.cleared(text, taken.path, maskable=maskable)

    def _translated(self, taken: Taken, raw: Any) -> Any:
        codes = taken.rule.codes
        if codes is None:
            return raw
        word = text_of(raw)
        if word in codes:
            return codes[word]
        if taken.rule.has_codes_default:
            return taken.rule.codes_default
        known = ", ".join(codes)
        raise Unreadable(Reason.UNKNOWN_CODE, f"{word!r} is not among the codes {known}; add it or set codes_default")

    def _instead(self, taken: Taken, field: str) -> Any:
        if taken.default is not None:
            return self.fill(taken.default)
        if taken.rule.missing == "reject" or (taken.vital and taken.rule.missing is None):
            self.problems.append(Problem(field, Reason.MISSING, f"has no value, and {taken.path} needs one"))
        return ABSENT


def _nested(value: dict[str, Any]) -> Unreadable:
    inside = ", ".join(map(str, list(value)[:5]))
    return Unreadable(Reason.VALUE_UNREADABLE, f"is no value but holds fields ({inside}); name one of them with a dot")
