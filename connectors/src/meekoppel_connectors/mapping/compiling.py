"""Compiling a mapping: every mistake that needs no data is found here, before a row is read.

A plan field that does not exist, a value that the contract does not know, a required field without a rule: each is
named by its place in the configuration. What is left at run time are mistakes in the rows.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError

from meekoppel_connectors.mapping.periods import WordedPeriod
from meekoppel_connectors.mapping.privacy.masking import personal_in
from meekoppel_connectors.mapping.reasons import Unreadable
from meekoppel_connectors.mapping.rules import (
    SOURCES_OF_VALUE,
    Constant,
    Node,
    Part,
    PlanRules,
    RuleError,
    Several,
    Taken,
    ValueRule,
)
from meekoppel_connectors.mapping.targets import Target, targets_of
from meekoppel_connectors.mapping.values import converted
from meekoppel_contracts.plan import Period, Plan, Zone

TOP = "plan"
PERIOD_TEXT = "text"
"""The key by which a period is taken from one text."""

_PERIOD_TEXT_TARGET = Target(kind=WordedPeriod, many=False, required=True)
_LOCAL_ID = Target(kind=str, many=False, required=True)


def compile_plan(written: Mapping[str, Any], zone: ZoneInfo, *, contact_is_functional: bool = False) -> PlanRules:
    """Compile the `plan:` part of a configuration.

    Args:
        written: plan field → rule, as the YAML file has it.
        zone: of constant times without one.
        contact_is_functional: whether all mail addresses and phone numbers are stated to be an office's.

    Raises:
        RuleError: at the first mistake.
    """
    rest = dict(written)
    local_id = rest.pop("id", None)
    if local_id is None:
        raise RuleError(f"{TOP}.id", "is missing; it names the source field that identifies a plan for ever")
    zones = rest.pop("zones", {})
    targets = {name: target for name, target in targets_of(Plan).items() if name not in {"plan_id", "zones"}}
    compiler = _Compiler(zone, contact_is_functional)
    identifier = compiler.single(f"{TOP}.id", local_id, _LOCAL_ID, vital=True)
    if isinstance(identifier, Constant):
        raise RuleError(f"{TOP}.id", "is the same for every row; write {field: name of the source field}")
    return PlanRules(
        local_id=identifier,
        fields=compiler.part(TOP, rest, targets, vital=True),
        zones=tuple(compiler.zone_parts(zones)),
    )


class _Compiler:
    """Walks a mapping and the contract side by side."""

    def __init__(self, zone: ZoneInfo, contact_is_functional: bool) -> None:
        self._zone = zone
        self._functional = contact_is_functional

    def zone_parts(self, written: Any) -> Iterable[Part]:
        """Compile the zones: one, or a list of them."""
        many = isinstance(written, list)
        for index, entry in enumerate(written if many else [written]):
            path = f"{TOP}.zones.{index}" if many else f"{TOP}.zones"
            if not isinstance(entry, dict):
                raise RuleError(path, "must describe a zone, such as {role: work, accuracy: street}")
            yield self.part(path, entry, targets_of(Zone), vital=True)

    def part(self, path: str, written: Mapping[str, Any], targets: Mapping[str, Target], *, vital: bool) -> Part:
        """Compile a part of the plan that has fields of its own."""
        for name in written:
            if name not in targets:
                raise RuleError(f"{path}.{name}", f"is not a field of a plan{_did_you_mean(str(name), targets)}")
        required = frozenset(name for name, target in targets.items() if target.required)
        for name in targets:
            if name in required and written.get(name) is None:
                raise RuleError(f"{path}.{name}", "is missing; it must be given")
        fields = {
            name: self.node(f"{path}.{name}", value, targets[name], vital=vital and name in required)
            for name, value in written.items()
            if value is not None
        }
        return Part(path, fields, required)

    def node(self, path: str, written: Any, target: Target, *, vital: bool) -> Node:
        """Compile what is written for one field, a list or not."""
        if not target.many:
            return self.single(path, written, target, vital=vital)
        if not isinstance(written, list):
            return Several(path, (self.single(path, written, target, vital=False),))
        entries = [self.single(f"{path}.{index}", entry, target, vital=False) for index, entry in enumerate(written)]
        if all(isinstance(entry, Constant) for entry in entries):
            return Constant(path, list({entry.value: None for entry in entries if isinstance(entry, Constant)}))
        return Several(path, tuple(entries))

    def single(self, path: str, written: Any, target: Target, *, vital: bool) -> Node:
        """Compile one value or one part."""
        if target.model is not None:
            parts = targets_of(target.model)
            if not isinstance(written, dict):
                raise RuleError(path, f"has fields of its own: {', '.join(parts)}")
            if target.model is Period and PERIOD_TEXT in written:
                return self._worded(path, written, parts, vital=vital)
            return _settled(self.part(path, written, parts, vital=vital), target.model)
        if isinstance(written, dict):
            return self._taken(path, written, target, vital=vital)
        if isinstance(written, list):
            raise RuleError(path, "takes one value, not a list")
        return self._constant(path, written, target)

    def _worded(self, path: str, written: dict[str, Any], targets: Mapping[str, Target], *, vital: bool) -> Part:
        """Compile a period that stands in one text; what is said beside it goes before what the text says."""
        rest = {name: value for name, value in written.items() if name != PERIOD_TEXT}
        text = self.single(f"{path}.{PERIOD_TEXT}", written[PERIOD_TEXT], _PERIOD_TEXT_TARGET, vital=vital)
        optional = {name: replace(target, required=False) for name, target in targets.items()}
        part = self.part(path, rest, optional, vital=False)
        return replace(part, text=text, required_fields=frozenset({"earliest_start", "latest_end"}))

    def _taken(self, path: str, written: dict[str, Any], target: Target, *, vital: bool) -> Taken:
        rule = _rule(path, written)
        if vital and rule.missing == "omit":
            raise RuleError(f"{path}.missing", "cannot be omit: a plan must have this; use reject or default")
        if rule.split is not None and not target.many:
            raise RuleError(f"{path}.split", "belongs to lists only, and this field takes one value")
        for source_value, plan_value in (rule.codes or {}).items():
            self._check_code(f"{path}.codes.{source_value}", plan_value, target)
        if rule.has_codes_default:
            self._check_code(f"{path}.codes_default", rule.codes_default, target)
        default = self.single(f"{path}.default", rule.default, target, vital=vital) if rule.has_default else None
        return Taken(path, rule, target, vital, default)

    def _check_code(self, path: str, value: Any, target: Target) -> None:
        for one in value if target.many and isinstance(value, list) else [value]:
            if one is not None:
                self._constant(path, one, target)

    def _constant(self, path: str, value: Any, target: Target) -> Constant:
        if value is None:
            raise RuleError(path, "has no value")
        if target.is_text_for_people and personal_in(str(value), addresses=not self._functional):
            raise RuleError(path, "contains what looks like a person's name, mail address or number; take it out")
        try:
            return Constant(path, converted(value, target, ValueRule(template="{x}"), self._zone))
        except Unreadable as error:
            raise RuleError(path, _with_suggestion(error.message, value, target)) from error


def _settled(part: Part, model: type[BaseModel]) -> Part | Constant:
    """Build a part that is the same for every row once, here, where a mistake in it can still be named."""
    values = {name: node.value for name, node in part.fields.items() if isinstance(node, Constant)}
    if len(values) < len(part.fields) or not values:
        return part
    try:
        return Constant(part.path, model.model_validate(values))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join((part.path, *(str(step) for step in first["loc"])))
        raise RuleError(place, first["msg"].removeprefix("Value error, ")) from error


def _rule(path: str, written: dict[str, Any]) -> ValueRule:
    if not any(name in written for name in SOURCES_OF_VALUE):
        raise RuleError(path, "takes one value: write the value itself, {field: source field} or {template: text}")
    try:
        return ValueRule.model_validate(written)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join((path, *(str(part) for part in first["loc"])))
        if first["type"] == "extra_forbidden":
            known = ", ".join(ValueRule.model_fields)
            raise RuleError(place, f"is not part of a rule; a rule knows {known}") from error
        raise RuleError(place, first["msg"].removeprefix("Value error, ")) from error


def _with_suggestion(message: str, value: Any, target: Target) -> str:
    if target.symbols is not None:
        return message + _did_you_mean(str(value), [str(symbol.value) for symbol in target.symbols])
    return message


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""
