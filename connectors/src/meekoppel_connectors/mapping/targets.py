"""What kind of value each field of a plan takes, read from the models of the contract.

The mapping has no list of plan fields of its own: a field that is added to the contract can be mapped at once.
"""

from __future__ import annotations

import types
import typing
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Annotated, Any, Union, get_args, get_origin

from annotated_types import MaxLen
from pydantic import AwareDatetime, BaseModel
from pydantic.fields import FieldInfo

from meekoppel_contracts.plan import Attachment, Initiator, Nuisance, Plan, Zone

SUPPLIED: dict[type[BaseModel], frozenset[str]] = {
    Zone: frozenset({"srid", "repaired", "position_error_m", "simplified_m"})
}
DEFAULTED: dict[type[BaseModel], frozenset[str]] = {Zone: frozenset({"zone_id", "geometry"})}
TEXTS_FOR_PEOPLE: dict[type[BaseModel], frozenset[str]] = {
    Plan: frozenset({"title", "description"}),
    Nuisance: frozenset({"note"}),
    Attachment: frozenset({"name"}),
    Initiator: frozenset({"name"}),
}
END_FIELDS = frozenset({"earliest_end", "latest_end", "actual_end", "ends", "answer_by"})


@dataclass(frozen=True, slots=True)
class Target:
    """The shape of one field of a plan.

    Attributes:
        kind: the type of the value, or of each value of a list.
        many: whether the field is a list.
        required: whether the contract demands a value.
        max_length: of text, in characters.
        is_end: whether it is an end in time, so that a bare date means the end of that day.
        is_text_for_people: whether it is text in which persons may be named.
        names_organisation: whether that text is an organisation's name.
    """

    kind: type[Any]
    many: bool
    required: bool
    max_length: int | None = None
    is_end: bool = False
    is_text_for_people: bool = False
    names_organisation: bool = False

    @property
    def model(self) -> type[BaseModel] | None:
        """The model of a part that has fields of its own; None for a plain value."""
        return self.kind if issubclass(self.kind, BaseModel) else None

    @property
    def symbols(self) -> type[Enum] | None:
        """The code list from which the value comes, where there is one."""
        return self.kind if issubclass(self.kind, Enum) else None


def targets_of(model: type[BaseModel]) -> dict[str, Target]:
    """List the fields of a model that a mapping may set; what the connector itself fills in is left out."""
    return {
        name: _target(model, name, info, optional=name in DEFAULTED.get(model, frozenset()))
        for name, info in model.model_fields.items()
        if name not in SUPPLIED.get(model, frozenset())
    }


def _target(model: type[BaseModel], name: str, info: FieldInfo, *, optional: bool) -> Target:
    annotation = _without_wrapping(info.annotation)
    many = get_origin(annotation) is tuple
    if many:
        annotation = _without_wrapping(get_args(annotation)[0])
    limits = [mark.max_length for mark in info.metadata if isinstance(mark, MaxLen)]
    return Target(
        kind=_scalar(annotation),
        many=many,
        required=info.is_required() and not optional,
        max_length=limits[0] if limits and not many else None,
        is_end=name in END_FIELDS,
        is_text_for_people=name in TEXTS_FOR_PEOPLE.get(model, frozenset()),
        names_organisation=model is Initiator and name == "name",
    )


def _without_wrapping(annotation: Any) -> Any:
    """Take `Annotated`, `… | None` and `NewType` off."""
    if get_origin(annotation) is Annotated:
        return _without_wrapping(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return _without_wrapping(next(part for part in get_args(annotation) if part is not type(None)))
    if isinstance(annotation, typing.NewType):
        return _without_wrapping(annotation.__supertype__)
    return annotation


def _scalar(annotation: Any) -> type[Any]:
    if annotation is AwareDatetime:
        return datetime
    if annotation is bytes:
        return str
    if isinstance(annotation, type) and issubclass(annotation, (BaseModel, Enum, str, bool, int, float)):
        return annotation
    raise TypeError(f"the mapping does not know how to fill {annotation!r}")
