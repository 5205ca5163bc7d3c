"""Pages of a linked data event stream, put together by the tests as servers write them."""

from __future__ import annotations

import re
from pathlib import Path

STREAM = "http://stream.example/works"
PREFIXES = """\
@prefix ldes: <https://w3id.org/ldes#> .
@prefix tree: <https://w3id.org/tree#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix prov: <http://www.w3.org/ns/prov#> .
@prefix as: <https://www.w3.org/ns/activitystreams#> .
@prefix geo: <http://www.opengis.net/ont/geosparql#> .
@prefix ex: <http://words.example/ns#> .
"""
SQUARE = "POLYGON ((154536 221859, 154540 221859, 154540 221863, 154536 221859))"


def time(minute: int, day: int = 1) -> str:
    return f"2026-05-{day:02}T12:{minute:02}:00Z"


def member(work: int, version: int, when: str | None, more: str = "", kind: str = "ex:Work") -> str:
    """A version of a work, with a zone of its own."""
    id = f"<http://stream.example/works/{work}/{version}>"
    said = f'prov:generatedAtTime "{when}"^^xsd:dateTime ;' if when else ""
    zone = f'ex:zone [ ex:wkt "{SQUARE}"^^geo:wktLiteral ] ;'
    return (
        f"<{STREAM}> tree:member {id} .\n{id} a {kind} ; {said} {zone} {more}\n"
        f"  dcterms:isVersionOf <http://stream.example/works/{work}> ; ex:number {work} .\n"
    )


def relation(node: str, kind: str = "Relation", value: str | None = None) -> str:
    bound = f' ; tree:path prov:generatedAtTime ; tree:value "{value}"^^xsd:dateTime' if value else ""
    return f"<> tree:relation [ a tree:{kind} ; tree:node <{node}>{bound} ] .\n"


def turtle(*parts: str) -> bytes:
    about = (
        f"<{STREAM}> a ldes:EventStream ; ldes:timestampPath prov:generatedAtTime ;"
        " ldes:versionOfPath dcterms:isVersionOf .\n"
    )
    return (PREFIXES + about + "".join(parts)).encode()


def saved(folder: Path, *parts: str, name: str = "page.ttl") -> Path:
    path = folder / name
    path.write_bytes(turtle(*parts))
    return path


def filled_in(template: str, server: str) -> bytes:
    """Fill in a page of GIPOD that was kept as a template of a mock server."""
    text = re.sub(r"\{\{math [^}]*\}\}", "2", template).replace("{{request.query.pageNumber}}", "")
    return text.replace("http://localhost:10101", server).encode()
