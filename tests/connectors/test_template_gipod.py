"""GIPOD's stream through its template, from a real server, and a twin of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from meekoppel_connectors.mapping.row import MappedRow
from tests.connectors.ldes import filled_in
from tests.connectors.real_sets import counted, read_with, real
from tests.connectors.web import Reply, web

TWIN = """\
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix prov: <http://www.w3.org/ns/prov#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix mob: <https://data.vlaanderen.be/ns/mobiliteit#> .
@prefix gipod: <https://gipod.vlaanderen.be/ns/gipod#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix m8g: <http://data.europa.eu/m8g/> .
@prefix locn: <http://www.w3.org/ns/locn#> .
@prefix geo: <http://www.opengis.net/ont/geosparql#> .
@prefix tree: <https://w3id.org/tree#> .
<http://localhost:10101/page?pageNumber=1> tree:relation
    [ a tree:Relation ; tree:node <http://localhost:10101/page?pageNumber={{math request.query.pageNumber '+' 1}}> ] .
<urn:unknown> skos:prefLabel "Onbekend"@nl-BE .
<urn:work/9> a mob:Werk ; mob:Inname.heeftGevolg <urn:hindrance/{{request.query.pageNumber}}1/1> ; gipod:gipodId 9 .
"""
HINDRANCE = """\
<http://localhost:10101/stream> tree:member <urn:hindrance/{{{{request.query.pageNumber}}}}{number}/{version}> .
<urn:hindrance/{{{{request.query.pageNumber}}}}{number}/{version}> a mob:Mobiliteitshinder ;
    dcterms:description "Nutswerken"^^rdf:langString ; dcterms:isVersionOf <urn:hindrance/{number}> ;
    prov:generatedAtTime "2021-01-06T18:0{version}:40.267Z"^^xsd:dateTime ; mob:Inname.status <urn:unknown> ;
    mob:beheerder [ skos:prefLabel "Gemeente Asse"^^rdf:langString ] ; gipod:gipodId {number} ;
    mob:periode [ m8g:startTime "{start}"^^xsd:dateTime ; m8g:endTime "2021-01-07T18:00:00Z"^^xsd:dateTime ] ;
    mob:zone [ locn:geometry [ geo:asWKT "<http://www.opengis.net/def/crs/EPSG/9.9.1/31370> {wkt}"^^geo:wktLiteral ] ] .
"""
SQUARE = "POLYGON ((154536 221859, 154540 221859, 154540 221863, 154536 221859))"


def hindrance(number: int, version: int = 1, start: str = "2021-01-05T05:00:00Z", wkt: str = SQUARE) -> str:
    return HINDRANCE.format(number=number, version=version, start=start, wkt=wkt)


def read_served(folder: Path, template: str, path: str) -> tuple[list[MappedRow], int]:
    """Serve a page under the address at which the stream has it, and its second page as empty; count the requests."""
    with web() as server:
        first = Reply(filled_in(template, server.url), headers={"Content-Type": "text/turtle"})
        empty = Reply(b"", headers={"Content-Type": "text/turtle"})
        server.pages[path] = lambda asked: first if asked.query.get("pageNumber") == "1" else empty
        url = f"{server.url}{path}?pageNumber=1"
        rows = read_with("gipod-ldes", folder, None, url=url, pause_seconds=0)
        return rows, len(server.asked)


@pytest.mark.parametrize("members", [100, 250])
def test_every_hindrance_of_a_page_of_gipod_becomes_a_plan(tmp_path: Path, members: int) -> None:
    template = real(f"gipod/{members}-member-fragment.ttl").read_text(encoding="utf-8")
    rows, _ = read_served(tmp_path, template, f"/mobility-hindrances/pagination{members}")
    assert counted(rows) == (members, members, {})
    if members == 250:
        assert len({row.plan.initiator.organisation for row in rows if row.plan}) == 63


def test_gipod_as_json_ld_gives_three_plans(tmp_path: Path) -> None:
    rows = read_with("gipod-ldes", tmp_path, real("gipod/1-relation-3-members.jsonld"), url=None)
    assert counted(rows) == (3, 3, {})


@pytest.mark.parametrize(
    ("name", "reason"), [("faulty", "geometry_unreadable"), ("invalid-coordinates", "not_shareable")]
)
def test_the_faulty_members_of_gipod_are_rejected_under_their_number(tmp_path: Path, name: str, reason: str) -> None:
    (row,) = read_with("gipod-ldes", tmp_path, real(f"gipod/ldes-member-bucketising-{name}.nq"), url=None)
    assert [(each.source_id, each.reason) for each in row.rejections] == [("10810464", reason)]


def test_the_twin_is_served_page_by_page_and_its_faulty_members_are_rejected(tmp_path: Path) -> None:
    broken = SQUARE.replace("154540", "aze154540")
    versions = [
        hindrance(1),
        hindrance(1, version=2),
        hindrance(2, start="2021-02-30T05:00:00Z"),
        hindrance(3, wkt=broken),
    ]
    rows, requests = read_served(tmp_path, TWIN + "".join(versions), "/page")
    assert counted(rows) == (3, 1, {"date_unreadable": 1, "geometry_unreadable": 1})
    assert requests >= 2
    plan = rows[0].plan
    assert plan is not None
    assert plan.initiator.organisation == "gemeente-asse"
