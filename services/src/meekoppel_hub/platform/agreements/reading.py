"""Reading an agreement as people write it: YAML that names only what differs from the default."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from meekoppel_contracts.errors import InvalidIdentifier
from meekoppel_contracts.ids import AreaId, check_area_id
from meekoppel_contracts.plan import TITLE_LENGTH
from meekoppel_hub.platform.agreements.errors import AgreementError, Problem
from meekoppel_hub.platform.agreements.rules import Agreement

HEADER = ("title", "areas", "valid_from", "valid_until", "reason")
"""What a file says of the agreement as a whole, beside its rules."""

_PAIRS = "pairs"


@dataclass(frozen=True, slots=True)
class AgreementFile:
    """An agreement as a file gives it.

    Attributes:
        rules: the whole rule set: what the file sets, laid over the default.
        title: as shown to people; the name of the rule set when the file gives none.
        areas: in which areas it holds; none for the default.
        valid_from: from when it holds; None is at once.
        valid_until: until when it holds; None is without end.
        reason: why, in words.
        own_settings: what the file itself sets, as names with dots between.
        based_on: name and version of the default.
        document: the file as it stands.
    """

    rules: Agreement
    title: str
    areas: tuple[AreaId, ...]
    valid_from: datetime | None
    valid_until: datetime | None
    reason: str | None
    own_settings: tuple[str, ...]
    based_on: str
    document: str


@cache
def national_agreement() -> Agreement:
    """Give the built-in default, for places that have no agreement of their own."""
    return Agreement.model_validate(_national())


def read_agreement(path: Path, default: Agreement | None = None) -> AgreementFile:
    """Read a file; what it leaves out is taken from the default.

    Args:
        path: a YAML file.
        default: the agreement that it is laid over; the built-in one when left out.

    Raises:
        AgreementError: when the file cannot be read, or its rules cannot be used; it names every problem.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problem = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise AgreementError(path, f"it cannot be read ({problem})") from error
    return parse_agreement(text, path, default)


def parse_agreement(text: str, path: Path | None = None, default: Agreement | None = None) -> AgreementFile:
    """Read the text of such a file; see `read_agreement`."""
    try:
        own, lines = yaml.safe_load(text), _Lines(yaml.compose(text, Loader=yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise AgreementError(path, f"it is not YAML ({' '.join(str(error).split())})") from error
    if not isinstance(own, dict) or not all(isinstance(name, str) for name in own):
        raise AgreementError(path, "it must hold names with values, such as `light_conflict_distance_m: 500`")
    if not {"ruleset", "version"} <= own.keys():
        raise AgreementError(path, "give it a `ruleset` (a name) and a `version` of its own")
    base = default or national_agreement()
    settings = {name: value for name, value in own.items() if name not in HEADER}
    problems: list[Problem] = []
    header = _Header(own, lines, problems)
    rules = _validate(_merge(base.model_dump(mode="json"), settings), lines, problems)
    if rules is None or problems:
        raise AgreementError(path, sorted(problems, key=lambda problem: problem.line or 0))
    return AgreementFile(
        rules=rules,
        title=header.title or rules.ruleset,
        areas=header.areas,
        valid_from=header.valid_from,
        valid_until=header.valid_until,
        reason=header.reason,
        own_settings=tuple(sorted(_leaves(settings))),
        based_on=base.identity,
        document=text,
    )


def rules_to_json(rules: Agreement) -> str:
    """Write a rule set as an agreement event carries it."""
    return json.dumps(rules.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def rules_from_json(text: str) -> Agreement:
    """Read a rule set of an agreement event.

    A setting that an older hub did not know is taken from the built-in default.

    Raises:
        AgreementError: when it is no rule set, or has settings that this hub does not know.
    """
    try:
        own = json.loads(text)
    except ValueError as error:
        raise AgreementError(None, f"its rules are no JSON ({error})") from error
    if not isinstance(own, dict):
        raise AgreementError(None, "its rules must be a JSON object of settings")
    problems: list[Problem] = []
    rules = _validate(_merge(_national(), own), _Lines(None), problems)
    if rules is None:
        raise AgreementError(None, problems)
    return rules


@cache
def _national() -> dict[str, Any]:
    text = (files("meekoppel_hub.platform.agreements") / "national.yaml").read_text(encoding="utf-8")
    rules: dict[str, Any] = yaml.safe_load(text)
    return rules


class _Header:
    """Reads what a file says of the agreement as a whole, and notes what is wrong with it."""

    def __init__(self, own: Mapping[str, Any], lines: _Lines, problems: list[Problem]) -> None:
        self._own, self._lines, self._problems = own, lines, problems
        self.title = self._text("title", TITLE_LENGTH)
        self.reason = self._text("reason", None)
        self.areas = self._areas()
        self.valid_from, self.valid_until = self._moment("valid_from"), self._moment("valid_until")
        if self.valid_from and self.valid_until and self.valid_until <= self.valid_from:
            self._wrong("valid_until", "it must lie after valid_from")

    def _wrong(self, name: str, text: str) -> None:
        self._problems.append(Problem(name, text, self._lines.of((name,))))

    def _text(self, name: str, most: int | None) -> str | None:
        value = self._own.get(name)
        if value is None:
            return None
        text = str(value).strip()
        if not text or (most is not None and len(text) > most):
            self._wrong(name, f"give a text of 1 to {most} characters" if most else "give a text, or leave it out")
            return None
        return text

    def _areas(self) -> tuple[AreaId, ...]:
        given = self._own.get("areas") or []
        if not isinstance(given, list):
            self._wrong("areas", "give a list of ids of areas, such as [NL.gm0361.gemeente]")
            return ()
        areas = []
        for one in given:
            try:
                areas.append(check_area_id(str(one)))
            except InvalidIdentifier as error:
                self._wrong("areas", f"{error}; `meekoppel areas list` shows them")
        return tuple(areas)

    def _moment(self, name: str) -> datetime | None:
        value = self._own.get(name)
        if isinstance(value, datetime):
            if value.tzinfo is None:
                self._wrong(name, "give the time a zone, such as 2027-01-01T00:00:00+01:00, or give a day")
                return None
            return value.astimezone(UTC)
        if isinstance(value, date):
            return datetime(value.year, value.month, value.day, tzinfo=UTC)
        if value is not None:
            self._wrong(name, "give a day, such as 2027-01-01 (from midnight in UTC), or a time with a zone")
        return None


class _Lines:
    """Finds the line of a setting in the file."""

    def __init__(self, root: yaml.Node | None) -> None:
        self._root = root

    def of(self, place: tuple[str | int, ...]) -> int | None:
        """Give the line, from 1, of a setting or of the nearest that stands in the file; None when none does."""
        node, line = self._root, None
        for part in place:
            if isinstance(node, yaml.MappingNode):
                found = next(((key, value) for key, value in node.value if key.value == part), None)
                if found is None:
                    return line
                line, node = found[0].start_mark.line + 1, found[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                line = node.start_mark.line + 1
            else:
                return line
        return line


def _validate(rules: dict[str, Any], lines: _Lines, problems: list[Problem]) -> Agreement | None:
    try:
        return Agreement.model_validate(rules)
    except ValidationError as error:
        for one in error.errors(include_url=False):
            problems.append(Problem(_place(one["loc"]), _in_words(one), lines.of(one["loc"])))
        return None


def _place(loc: tuple[str | int, ...]) -> str:
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in loc)


def _in_words(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        names = sorted(_all_names(Agreement))
        near = difflib.get_close_matches(str(error["loc"][-1]), names, 1)
        hint = f"; did you mean `{near[0]}`?" if near else ""
        return f"there is no such setting{hint} (docs/agreements.md lists them)"
    if error["type"] == "missing":
        return "it is missing; give it a value"
    message = str(error["msg"]).removeprefix("Value error, ")
    value = error["input"]
    shown = f" (it is {value!r})" if isinstance(value, str | int | float | bool) else ""
    return f"{message[0].lower()}{message[1:]}{shown}"


def _all_names(model: Any) -> Iterator[str]:
    yield from HEADER
    for name, field in model.model_fields.items():
        yield name
        if hasattr(field.annotation, "model_fields"):
            yield from _all_names(field.annotation)


def _leaves(settings: Mapping[str, Any], before: str = "") -> Iterator[str]:
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{before}{name}.")
        else:
            yield f"{before}{name}"


def _merge(base: dict[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Lay an agreement over its default, mapping by mapping; lists are replaced as a whole, but pairs one by one."""
    merged = dict(base)
    for name, value in own.items():
        below = merged.get(name)
        if isinstance(below, dict) and isinstance(value, dict):
            merged[name] = _merge(below, value)
        elif name == _PAIRS and isinstance(below, list) and isinstance(value, list):
            given = {frozenset(map(str, pair[:2])) for pair in value if isinstance(pair, list)}
            merged[name] = [*value, *(pair for pair in below if frozenset(map(str, pair[:2])) not in given)]
        else:
            merged[name] = value
    return merged
