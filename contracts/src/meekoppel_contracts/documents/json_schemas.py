"""JSON Schema, from the models: a plan, every event, and the bodies of the webhooks."""

from __future__ import annotations

import json
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from meekoppel_contracts.codec import CODECS
from meekoppel_contracts.plan import Plan
from meekoppel_contracts.registry import Registry
from meekoppel_contracts.webhooks import OverlapWebhook, PlanWebhook, TrialWebhook

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
WEBHOOKS: Final[dict[str, type[BaseModel]]] = {
    "webhook-plan": PlanWebhook,
    "webhook-overlap": OverlapWebhook,
    "webhook-test": TrialWebhook,
}


def json_schemas(registry: Registry) -> dict[str, Any]:
    """Make every JSON Schema, by its name. What the contracts say of a field stands in its description."""
    meanings = _meanings(registry)
    models: dict[str, type[BaseModel]] = {"plan": Plan}
    models.update({subject: codec.model for subject, codec in CODECS.items()})
    made = {name: _schema(name, model, meanings, strict=True) for name, model in models.items()}
    made.update({name: _schema(name, model, meanings, strict=False) for name, model in WEBHOOKS.items()})
    return made


def _schema(name: str, model: type[BaseModel], meanings: dict[str, dict[str, str]], *, strict: bool) -> dict[str, Any]:
    """Make one schema.

    Args:
        name: what it is called.
        model: from which it is made.
        meanings: what the contracts say of each field, by record and name.
        strict: whether a field that is not known is refused, as whoever reads plans from others does; a reader of
            webhooks ignores it.
    """
    schema = model.model_json_schema(mode="validation" if strict else "serialization", schema_generator=_Generator)
    definitions = schema.get("$defs", {})
    for title, node in {model.__name__: schema, **definitions}.items():
        _describe(node, meanings.get(title, {}))
        if not strict:
            node.pop("additionalProperties", None)
    return {"$schema": DIALECT, "$id": f"urn:meekoppel:json-schema:{name}", **schema}


class _Generator(GenerateJsonSchema):
    """As pydantic's, without a title per property: it only repeats the name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _describe(node: Any, meanings: dict[str, str]) -> None:
    for name, field in node.get("properties", {}).items():
        if name in meanings:
            field.setdefault("description", meanings[name])


def _meanings(registry: Registry) -> dict[str, dict[str, str]]:
    """Gather what the newest version of each contract says of each field of each record, by the record's name."""
    found: dict[str, dict[str, str]] = {}

    def gather(node: Any) -> None:
        if isinstance(node, list):
            for one in node:
                gather(one)
        elif isinstance(node, dict):
            if node.get("type") == "record":
                found[node["name"]] = {field["name"]: field["doc"] for field in node["fields"]}
            for key in ("fields", "type", "items"):
                gather(node.get(key))

    for subject in registry.subjects():
        gather(json.loads(registry.text(registry.newest(subject).schema_id)))
    return found
