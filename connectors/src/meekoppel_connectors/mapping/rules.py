"""The rules of a mapping: what can be written for one value, and the tree into which a whole mapping is compiled."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, model_validator

from meekoppel_connectors.mapping.dates import known_zone
from meekoppel_connectors.mapping.privacy.columns import is_person_column
from meekoppel_connectors.mapping.targets import Target

SOURCES_OF_VALUE = ("field", "template", "as_of")
PLACEHOLDER = re.compile(r"\{([^{}]+)\}")


class RuleError(Exception):
    """The mapping is wrong.

    Attributes:
        path: the plan field, as `plan.status.codes`.
        problem: what is wrong, in words.
    """

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        self.problem = problem
        super().__init__(f"{path}: {problem}")


def code_key(value: object) -> str:
    """Give the text by which a source value is looked up in `codes`; YAML reads some keys as numbers or booleans."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _text_keys(value: object) -> object:
    if not isinstance(value, dict):
        raise ValueError("must be a list of lines, each `source value: plan value`")
    return {code_key(key): plan_value for key, plan_value in value.items()}


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class ValueRule(BaseModel):
    """How one value is taken from a row. Every key is explained in `docs/connectors.md`.

    Attributes:
        field: the source field; of several, the first that has a value.
        template: text with `{source field}` in it; a field without value leaves nothing.
        as_of: the time of the snapshot instead of a source field.
        codes: source value → plan value; null means that there is no value.
        codes_default: the plan value for a source value that `codes` does not name; else the row is rejected.
        date: `iso`, `epoch_s`, `epoch_ms`, or strptime formats, tried in their order.
        time_zone: of times without one; the connector's by default.
        end_of_day: whether a bare date means the end of that day; by default for fields that are an end.
        decimal: the decimal sign of numbers in text; found out by default where that is certain.
        split: the sign between the values of a list.
        slug: whether an organisation's name is made into a code.
        truncate: whether text that is too long is cut; else the row is rejected.
        missing: what a row without a value leads to.
        default: the plan value, or another rule, for a row without a value.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)] = ()
    template: str | None = None
    as_of: bool = False
    codes: Annotated[dict[str, Any], BeforeValidator(_text_keys)] | None = None
    codes_default: Any = None
    date: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)] = ("iso",)
    time_zone: Annotated[str, AfterValidator(known_zone)] | None = None
    end_of_day: bool | None = None
    decimal: Literal[".", ","] | None = None
    split: str | None = None
    slug: bool = False
    truncate: bool = False
    missing: Literal["reject", "omit", "default"] | None = None
    default: Any = None

    @model_validator(mode="after")
    def _makes_sense(self) -> ValueRule:
        given = [name for name in SOURCES_OF_VALUE if name in self.model_fields_set]
        if len(given) != 1:
            raise ValueError(f"a rule has exactly one of field, template and as_of, not {' and '.join(given)}")
        if self.template is not None and not self.source_fields:
            raise ValueError("a template names source fields as {field}; without any, write the text itself")
        if self.missing == "default" and not self.has_default:
            raise ValueError("missing: default needs default: with a value")
        if self.missing in {"reject", "omit"} and self.has_default:
            raise ValueError(f"missing: {self.missing} and default contradict each other")
        return self

    @property
    def source_fields(self) -> tuple[str, ...]:
        """The source fields that it reads."""
        return self.field or tuple(PLACEHOLDER.findall(self.template or ""))

    @property
    def has_default(self) -> bool:
        """Whether something stands in for a missing value."""
        return "default" in self.model_fields_set

    @property
    def has_codes_default(self) -> bool:
        """Whether something stands in for an unknown code."""
        return "codes_default" in self.model_fields_set


@dataclass(frozen=True, slots=True)
class Constant:
    """The same value for every row, already converted."""

    path: str
    value: Any


@dataclass(frozen=True, slots=True)
class Taken:
    """A value taken from the row.

    Attributes:
        path: the plan field.
        rule: how.
        target: what the plan field takes.
        vital: whether the plan cannot do without it.
        default: what stands in for a missing value.
        names: the source fields that it reads.
        person_columns: those of them that by their name hold persons, and feed a text for people.
        recurs: whether the same source values are likely to come again, as dates and codes do, and texts do not.
    """

    path: str
    rule: ValueRule
    target: Target
    vital: bool
    default: Node | None
    names: tuple[str, ...] = field(init=False)
    person_columns: frozenset[str] = field(init=False)
    recurs: bool = field(init=False)

    def __post_init__(self) -> None:
        rule = self.rule
        object.__setattr__(self, "names", rule.source_fields)
        persons = [name for name in rule.source_fields if self.target.is_text_for_people and is_person_column(name)]
        object.__setattr__(self, "person_columns", frozenset(persons))
        translated = rule.codes is not None or rule.slug or self.target.kind is not str
        object.__setattr__(self, "recurs", translated and bool(rule.field))


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the plan with fields of its own, such as `period` or one entry of `nuisance`.

    Attributes:
        path: the plan field.
        fields: how each is filled.
        required_fields: those without which there is no such part.
        text: of a period, the text that gives what `fields` does not say; None when there is none.
    """

    path: str
    fields: Mapping[str, Node]
    required_fields: frozenset[str]
    text: Node | None = None


@dataclass(frozen=True, slots=True)
class Several:
    """A list: of values, or of parts."""

    path: str
    entries: tuple[Node, ...]


Node = Constant | Taken | Part | Several


@dataclass(frozen=True, slots=True)
class PlanRules:
    """A compiled mapping.

    Attributes:
        local_id: the last part of the plan id.
        fields: plan field → how it is filled; without the id and the zones.
        zones: how each zone is described; its geometry is the row's unless it names its own.
    """

    local_id: Node
    fields: Part
    zones: tuple[Part, ...]

    @property
    def depends_on_row_alone(self) -> bool:
        """Whether the same row always gives the same plan, whatever the other rows and the time are."""
        return not any(
            taken.rule.as_of or taken.rule.slug
            for node in (self.local_id, self.fields, *self.zones)
            for taken in _all_taken(node)
        )

    def person_columns(self) -> dict[str, str]:
        """Map each source field that by its name holds persons to the text for people that it feeds."""
        nodes = (self.local_id, self.fields, *self.zones)
        return {name: taken.path for node in nodes for taken in _all_taken(node) for name in taken.person_columns}

    def source_fields(self) -> dict[str, str]:
        """Map each source field that the mapping reads to the first plan field that reads it."""
        found: dict[str, str] = {}
        for node in (self.local_id, self.fields, *self.zones):
            for taken in _all_taken(node):
                for name in taken.names:
                    found.setdefault(name, taken.path)
        return found


def _all_taken(node: Node) -> Iterator[Taken]:
    match node:
        case Taken():
            yield node
            if node.default is not None:
                yield from _all_taken(node.default)
        case Part():
            for child in (*node.fields.values(), *((node.text,) if node.text is not None else ())):
                yield from _all_taken(child)
        case Several():
            for child in node.entries:
                yield from _all_taken(child)
