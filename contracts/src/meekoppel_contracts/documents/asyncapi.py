"""The AsyncAPI 3 document: what travels in which topic, as tools and people elsewhere read it.

Source: AsyncAPI 3.0.0; bindings for Kafka 0.5.0.
"""

from __future__ import annotations

import json
from typing import Any, Final

from meekoppel_contracts.documents.examples import in_full
from meekoppel_contracts.documents.plain import plain
from meekoppel_contracts.registry import Registry, SchemaVersion
from meekoppel_contracts.topic_table import TOPIC_TABLE, TopicUse

AVRO: Final = "application/vnd.apache.avro+json;version=1.9.0"
_BINDING: Final = "0.5.0"
_HUB: Final = ("the hub's", "that service")
_NOT_ALWAYS: Final = frozenset({"ce_epoch", "ce_inboxid", "ce_visibility"})
_HEADERS: Final[dict[str, str]] = {
    "ce_specversion": "Version of CloudEvents.",
    "ce_id": "Unique per source; the same when the same event is sent again.",
    "ce_source": "Who says it, as a URI.",
    "ce_type": "What happened.",
    "ce_subject": "What it is about: a plan id, an overlap id and so on.",
    "ce_time": "When it happened, RFC 3339 in UTC.",
    "ce_dataschema": "The contract of the value.",
    "ce_partitionkey": "What orders events among each other.",
    "ce_sequence": "A whole number that rises with each event of the subject, or of the connector in an inbox.",
    "ce_epoch": "In an inbox only: which count the sequence belongs to.",
    "ce_inboxid": "In the logs of plans only: the id under which the publisher sent the change.",
    "ce_visibility": "In the logs of plans only: who may see the plan in this version.",
    "content-type": "Of the value.",
}


def asyncapi(registry: Registry) -> dict[str, Any]:
    """Make the document. Its application is the hub: it receives what organisations send, and sends what they read."""
    entries = [entry for subject in registry.subjects() for entry in registry.versions(subject)]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Meekoppel",
            "version": f"1.{max(entry.schema_id for entry in entries)}.0",
            "description": "What organisations that plan works in the subsurface and the public space tell each other. "
            "The application described is the hub. Generated from the contracts and the table of topics.",
            "license": {"name": "EUPL-1.2"},
        },
        "defaultContentType": "application/avro",
        "servers": {"kafka": _server()},
        "channels": {_channel_id(use): _channel(use, registry) for use in TOPIC_TABLE},
        "operations": {name: one for use in TOPIC_TABLE for name, one in _operations(use, registry).items()},
        "components": {
            "messages": {_message_id(entry): _message(entry, registry) for entry in entries},
            "schemas": {"cloudEventHeaders": _headers_schema()},
            "securitySchemes": {"scram": _security()},
        },
    }


def _server() -> dict[str, Any]:
    return {
        "host": "{bootstrap}",
        "protocol": "kafka-secure",
        "description": "The Kafka of a hub, by TLS. The operator gives each organisation a user of its own, with which "
        "it writes its own inbox and heartbeats, and reads its own rejections and what every participant reads.",
        "variables": {
            "bootstrap": {
                "description": "Host and port, as the hub's operator gives them.",
                "default": "hub.example:9093",
            }
        },
        "security": [{"$ref": "#/components/securitySchemes/scram"}],
        "bindings": {
            "kafka": {
                "schemaRegistryUrl": "https://hub.example/registry",
                "schemaRegistryVendor": "confluent",
                "bindingVersion": _BINDING,
            }
        },
    }


def _security() -> dict[str, Any]:
    return {"type": "scramSha512", "description": "User and password, as the hub's operator gives them."}


def _channel_id(use: TopicUse) -> str:
    return use.address.split(".{")[0]


def _message_id(entry: SchemaVersion) -> str:
    return f"{entry.subject}-v{entry.version}"


def _entries_in(use: TopicUse, registry: Registry) -> list[SchemaVersion]:
    return [entry for contract in use.contracts for entry in registry.versions(contract)]


def _channel(use: TopicUse, registry: Registry) -> dict[str, Any]:
    channel: dict[str, Any] = {
        "address": use.address,
        "title": use.address,
        "description": f"{use.meaning[0].upper()}{use.meaning[1:]}. Key: {use.key}. "
        f"Written by {' and '.join(use.publishers)}; read by {', '.join(use.subscribers)}.",
    }
    entries = _entries_in(use, registry)
    if entries:
        messages = {_message_id(entry): {"$ref": f"#/components/messages/{_message_id(entry)}"} for entry in entries}
        channel["messages"] = messages
    if use.parameter:
        channel["parameters"] = {use.parameter: {"description": f"Code of the {use.parameter}."}}
    channel["bindings"] = {"kafka": {"bindingVersion": _BINDING}}
    return channel


def _operations(use: TopicUse, registry: Registry) -> dict[str, Any]:
    """Describe what the hub does with a topic: it writes it, reads it, or both."""
    channel = _channel_id(use)
    found: dict[str, Any] = {}
    for action, who in (("send", use.publishers), ("receive", use.subscribers)):
        if any(one.startswith(_HUB) for one in who):
            operation: dict[str, Any] = {
                "action": action,
                "channel": {"$ref": f"#/channels/{channel}"},
                "summary": f"{', '.join(one for one in who if one.startswith(_HUB))}: {action} {use.address}",
            }
            if use.contracts:
                operation["messages"] = [
                    {"$ref": f"#/channels/{channel}/messages/{_message_id(entry)}"}
                    for entry in _entries_in(use, registry)
                ]
            found[f"{action}-{channel}"] = operation
    return found


def _message(entry: SchemaVersion, registry: Registry) -> dict[str, Any]:
    schema = json.loads(registry.text(entry.schema_id))
    newest = entry == registry.newest(entry.subject)
    message: dict[str, Any] = {
        "name": entry.subject,
        "title": f"{entry.subject}, version {entry.version}",
        "summary": schema["doc"],
        "description": f"Framed with schema id {entry.schema_id}.",
        "contentType": "application/avro",
        "headers": {"$ref": "#/components/schemas/cloudEventHeaders"},
        "payload": {"schemaFormat": AVRO, "schema": schema},
        "bindings": {
            "kafka": {
                "key": {"type": "string"},
                "schemaIdLocation": "payload",
                "schemaIdPayloadEncoding": "confluent",
                "bindingVersion": _BINDING,
            }
        },
    }
    if newest:
        example = in_full(entry.subject)
        headers = {name: value.decode() for name, value in example.headers.to_kafka()}
        payload = plain(example.record.model_dump())
        message["examples"] = [{"name": "in-full", "headers": headers, "payload": payload}]
    return message


def _headers_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "CloudEvents 1.0 in binary mode, after the NL GOV profile. All are UTF-8 text.",
        "required": [name for name in _HEADERS if name not in _NOT_ALWAYS],
        "properties": {name: {"type": "string", "description": meaning} for name, meaning in _HEADERS.items()},
    }
