"""A page per contract, for people: what each field means, what changed, who writes and reads it, an example."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Sequence
from typing import Final

from meekoppel_contracts.codelists import code_lists
from meekoppel_contracts.documents.examples import in_full
from meekoppel_contracts.documents.plain import framed, plain
from meekoppel_contracts.documents.schema_parts import CodesPart, FieldPart, RecordPart, differences, parts
from meekoppel_contracts.registry import Registry
from meekoppel_contracts.topic_table import TOPIC_TABLE, TopicUse

_MADE: Final = "<!-- Made by `meekoppel-contracts generate`: change the contract, not this page. -->"
_SCHEMAS: Final = "../../contracts/src/meekoppel_contracts/schemas"
_HEX_WIDTH: Final = 100


def pages(registry: Registry) -> dict[str, str]:
    """Make every page, and the index, by their file names."""
    made = {f"{subject}.md": _page(subject, registry) for subject in registry.subjects()}
    return {"README.md": _index(registry), **made}


def _index(registry: Registry) -> str:
    rows = []
    for subject in registry.subjects():
        meaning = json.loads(registry.text(registry.newest(subject).schema_id))["doc"]
        topics = ", ".join(f"`{use.address}`" for use in _uses(subject)) or "no topic yet"
        rows.append([f"[{subject}]({subject}.md)", str(registry.newest(subject).version), topics, _first(meaning)])
    return _joined(
        [
            _MADE,
            "# The contracts",
            "Everything that travels between organisations and the hub, one page each. How it travels and what may "
            "change stands in [Reading and writing events](../contracts.md).",
            _table(["contract", "version", "topics", "what it says"], rows),
            f"For programs: the [schemas]({_SCHEMAS}), an [AsyncAPI document]({_SCHEMAS}/asyncapi.yaml), "
            f"[JSON Schemas]({_SCHEMAS}/json) of plans, events and the bodies of webhooks, and "
            "[golden vectors](../../contracts/vectors) to test a reader or a writer in any language.",
        ]
    )


def _page(subject: str, registry: Registry) -> str:
    newest = json.loads(registry.text(registry.newest(subject).schema_id))
    records, codes = parts(newest)
    return _joined(
        [
            _MADE,
            f"# {subject}",
            newest["doc"],
            "## Where it travels",
            _topics(subject),
            "## Versions",
            _versions(subject, registry),
            "## Fields",
            *(section for record in records for section in _record(record)),
            *(["## Code lists"] if codes else []),
            *(section for each in codes for section in _codes(each)),
            "## An example",
            *_example(subject, registry),
        ]
    )


def _uses(subject: str) -> list[TopicUse]:
    return [use for use in TOPIC_TABLE if subject in use.contracts]


def _topics(subject: str) -> str:
    rows = [
        [f"`{use.address}`", ", ".join(use.publishers), ", ".join(use.subscribers), use.key] for use in _uses(subject)
    ]
    if not rows:
        return "It has no topic yet; [webhooks](../subscribers.md) carry notifications."
    return _table(["topic", "who publishes", "who subscribes", "key"], rows)


def _versions(subject: str, registry: Registry) -> str:
    changed = differences(subject, registry)
    rows = [
        [
            str(entry.version),
            str(entry.schema_id),
            f"[{entry.file}]({_SCHEMAS}/{entry.file})",
            "; ".join(changed[entry.version]) or "the first",
        ]
        for entry in registry.versions(subject)
    ]
    return _table(["version", "schema id", "schema", "what it changed"], rows)


def _record(record: RecordPart) -> Iterable[str]:
    rows = [_field(field) for field in record.fields]
    return (
        f"### {record.name}",
        record.meaning,
        _table(["field", "type", "unit", "when left out", "meaning", "origin"], rows),
    )


def _field(field: FieldPart) -> list[str]:
    kind = field.type
    if field.refers_to:
        kind = kind.replace(field.refers_to, f"[{field.refers_to}](#{field.refers_to.lower()})")
    if field.optional:
        kind = f"{kind} or null"
    left_out = "must be there" if field.default is None else f"`{field.default}`"
    return [f"`{field.name}`", kind, field.unit, left_out, field.meaning, field.origin]


def _codes(each: CodesPart) -> Iterable[str]:
    described = {code.code: code for code in code_lists()[each.name].codes}
    rows = [
        [f"`{symbol}`", described[symbol].label.nl, described[symbol].label.en, described[symbol].definition]
        for symbol in each.symbols
    ]
    return f"### {each.name}", each.meaning, _table(["code", "Dutch", "English", "meaning"], rows)


def _example(subject: str, registry: Registry) -> Iterable[str]:
    example, newest = in_full(subject), registry.newest(subject)
    values = example.record.model_dump()
    headers = [[f"`{name}`", f"`{value.decode()}`"] for name, value in example.headers.to_kafka()]
    data = framed(values, newest, registry)
    return (
        f"The key is `{example.headers.partition_key}`. Times in the record are microseconds since 1970-01-01T00:00Z; "
        "bytes are shown in hexadecimal.",
        _table(["header", "value"], headers),
        f"```json\n{json.dumps(plain(values), indent=2, ensure_ascii=False)}\n```",
        f"On the wire, {len(data)} bytes: `00`, the schema id {newest.schema_id} in four bytes, and the record.",
        "```text\n" + "\n".join(textwrap.wrap(data.hex(), _HEX_WIDTH)) + "\n```",
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *([_cell(text) for text in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(text: str) -> str:
    """Keep what would end the cell, or be taken for HTML, as text; between backquotes HTML does nothing."""
    escaped = text.replace("|", "\\|")
    return escaped if escaped.startswith("`") else escaped.replace("<", "&lt;")


def _first(text: str) -> str:
    return text.split(". ")[0].rstrip(".") + "."


def _joined(blocks: Iterable[str]) -> str:
    return "\n\n".join(blocks) + "\n"
