"""The models and the `.avsc` files are one truth: what is derived from the models equals the file, and so both ways."""

from __future__ import annotations

import json
import types
from datetime import datetime
from enum import StrEnum
from typing import Any, Union, get_args, get_origin

import pytest
from pydantic import AwareDatetime, BaseModel
from pydantic.fields import FieldInfo

from meekoppel_contracts import (
    CODECS,
    Accuracy,
    AgreementEventType,
    AreaEventType,
    AssessmentAnswer,
    AssessmentEventType,
    CooperationAnswer,
    CooperationEventType,
    MoratoriumEventType,
    NotificationCategory,
    NotificationState,
    OverlapEventType,
    PlanEventType,
    QualityEventType,
    Visibility,
    ZoneRole,
    codes,
    packaged_registry,
)
from meekoppel_contracts.plan import Contract

MODELS: dict[str, type[Contract]] = {subject: codec.model for subject, codec in CODECS.items()}
PRIMITIVES = {str: "string", bytes: "bytes", int: "long", float: "double", bool: "boolean"}
TIMESTAMP = {"type": "long", "logicalType": "timestamp-micros"}

FALLBACKS: dict[type[StrEnum], str] = {
    Visibility: "restricted",
    ZoneRole: "indicative",
    Accuracy: "indicative",
    PlanEventType: "changed",
    OverlapEventType: "changed",
    AssessmentEventType: "assessed",
    CooperationEventType: "changed",
    MoratoriumEventType: "changed",
    AreaEventType: "changed",
    AgreementEventType: "applied",
    AssessmentAnswer: "undecided",
    CooperationAnswer: "undecided",
    NotificationCategory: "info",
    NotificationState: "new",
    QualityEventType: "published",
}
"""The symbol for what a reader does not know, where that is neither `other` nor `unknown`."""

DEFAULTS_FOR_READERS_ONLY: dict[str, Any] = {
    "PlanEvent.type": "changed",
    "RelatedPlan.relation": "other",
    "Initiator.kind": "other",
    "Mandate.role": "other",
    "Plan.status": "unknown",
    "Plan.certainty": "unknown",
    "Nuisance.who": "other",
    "Nuisance.effect": "other",
    "OverlapEvent.type": "changed",
    "OverlapEvent.kind": "other",
    "OverlapEvent.severity": "unknown",
    "ScorePart.part": "other",
    "PlanRejection.reason": "other",
    "PlanRejection.key": None,
    "PlanRejection.value": None,
    "RejectedHeader.value": None,
    "AssessmentEvent.answer": "undecided",
    "AssessmentEvent.cause": "other",
    "CooperationEvent.type": "changed",
    "CooperationEvent.state": "unknown",
    "MoratoriumEvent.type": "changed",
    "MoratoriumEvent.kind": "other",
    "MoratoriumEvent.origin": "unknown",
    "AreaEvent.kind": "other",
    "ConnectorHeartbeat.outcome": "unknown",
    "Notification.category": "info",
    "Notification.state": "new",
    "QualityEvent.type": "published",
    "QualityPoints.part": "other",
}
"""Who makes a record in Python must state these; a reader whose writer left the field out may assume the default."""


def schema_of(model: type[BaseModel], seen: set[str]) -> Any:
    if model.__name__ in seen:
        return model.__name__
    seen.add(model.__name__)
    fields = [field_of(model, name, info, seen) for name, info in model.model_fields.items()]
    return {"type": "record", "name": model.__name__, "fields": fields}


def field_of(model: type[BaseModel], name: str, info: FieldInfo, seen: set[str]) -> dict[str, Any]:
    field = {"name": name, "type": type_of(info.annotation, seen)}
    key = f"{model.__name__}.{name}"
    if not info.is_required():
        field["default"] = list(info.default) if isinstance(info.default, tuple) else info.default
    elif key in DEFAULTS_FOR_READERS_ONLY:
        field["default"] = DEFAULTS_FOR_READERS_ONLY[key]
    return field


def type_of(annotation: Any, seen: set[str]) -> Any:
    if hasattr(annotation, "__metadata__"):
        return type_of(annotation.__origin__, seen)
    if hasattr(annotation, "__supertype__"):
        return type_of(annotation.__supertype__, seen)
    if get_origin(annotation) in (Union, types.UnionType):
        (inner,) = [part for part in get_args(annotation) if part is not type(None)]
        return ["null", type_of(inner, seen)]
    if get_origin(annotation) is tuple:
        return {"type": "array", "items": type_of(get_args(annotation)[0], seen)}
    if annotation in (AwareDatetime, datetime):
        return TIMESTAMP
    if annotation in PRIMITIVES:
        return PRIMITIVES[annotation]
    if issubclass(annotation, StrEnum):
        return enum_of(annotation, seen)
    return schema_of(annotation, seen)


def enum_of(enum: type[StrEnum], seen: set[str]) -> Any:
    if enum.__name__ in seen:
        return enum.__name__
    seen.add(enum.__name__)
    symbols = [member.value for member in enum]
    return {"type": "enum", "name": enum.__name__, "symbols": symbols, "default": fallback(enum)}


def fallback(enum: type[StrEnum]) -> str:
    symbols = {member.value for member in enum}
    return FALLBACKS.get(enum) or ("other" if "other" in symbols else "unknown")


def without_docs(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: without_docs(value) for key, value in node.items() if key not in ("doc", "namespace")}
    return [without_docs(item) for item in node] if isinstance(node, list) else node


def test_every_contract_has_a_model() -> None:
    assert set(MODELS) == set(packaged_registry().subjects())


@pytest.mark.parametrize("subject", MODELS)
def test_the_newest_contract_is_exactly_what_the_model_says(subject: str) -> None:
    contract = json.loads(packaged_registry().text(packaged_registry().newest(subject).schema_id))

    derived = json.loads(json.dumps(schema_of(MODELS[subject], set())))

    assert derived == without_docs(contract)


def test_every_code_list_stands_in_a_contract() -> None:
    named: set[str] = set()
    for model in MODELS.values():
        schema_of(model, named)

    lists = {name for name, member in vars(codes).items() if isinstance(member, type) and issubclass(member, StrEnum)}
    assert lists - {"StrEnum"} <= named


def test_every_default_for_readers_only_is_of_a_field_that_exists_and_that_python_requires() -> None:
    required = set()

    def collect(model: type[BaseModel]) -> None:
        for name, info in model.model_fields.items():
            if info.is_required():
                required.add(f"{model.__name__}.{name}")

    for model in Contract.__subclasses__():
        collect(model)
    assert set(DEFAULTS_FOR_READERS_ONLY) <= required
