from __future__ import annotations

import json
import time as clock
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from meekoppel_connectors.errors import SourceAway, SourceError
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.sources.ldes import cursor as cursors
from meekoppel_connectors.sources.ldes import fetching
from meekoppel_connectors.sources.ldes.cursor import StreamCursor
from meekoppel_connectors.sources.opening import open_source, source_class
from meekoppel_connectors.sources.source import Reached
from tests.connectors.ldes import PREFIXES, SQUARE, STREAM, member, relation, saved, time, turtle
from tests.connectors.web import Asked, Reply, Web, web

TURTLE = {"Content-Type": "text/turtle"}
FINISHED = TURTLE | {"Cache-Control": "public, max-age=604800, immutable"}
DATE_TIME = "http://www.w3.org/2001/XMLSchema#dateTime"
NQUADS = f"""\
<http://s.example/stream> <https://w3id.org/tree#member> <http://s.example/1/1> .
<http://s.example/1/1> <http://purl.org/dc/terms/isVersionOf> <http://s.example/1> .
<http://s.example/1/1> <http://www.w3.org/ns/prov#generatedAtTime> "2026-05-01T12:00:00Z"^^<{DATE_TIME}> .
<http://s.example/1/1> <http://words.example/ns#number> "007" .
"""


@pytest.fixture
def server() -> Iterator[Web]:
    with web() as served:
        yield served


def stream(place: Path | str, **options: Any) -> Any:
    where = {"path": place} if isinstance(place, Path) else {"url": place}
    written = {"format": "ldes", "geometry": {"wkt": "zone.wkt"}, **where, **options}
    return open_source(source_class("ldes").settings_type.model_validate(written))


def changes(source: Any, since: str | None = None) -> tuple[list[SourceRow], str]:
    found = list(source.changes(since))
    assert isinstance(found[-1], Reached)
    return [each for each in found if isinstance(each, SourceRow)], found[-1].cursor


def versions(rows: list[SourceRow]) -> list[str]:
    return [row.values["@id"].removeprefix("http://stream.example/works/") for row in rows]


def paths(served: Web) -> list[str]:
    asked = [f"{each.path}?{each.query['page']}" if each.query else each.path for each in served.asked]
    served.asked.clear()
    return asked


def page(*parts: str, headers: dict[str, str] = TURTLE) -> Reply:
    return Reply(turtle(*parts), headers=headers)


# Versions


def test_versions_come_in_the_order_of_their_times_whatever_the_order_of_the_page(tmp_path: Path) -> None:
    path = saved(tmp_path, member(1, 2, time(3)), member(2, 1, time(2)), member(1, 1, time(1)))
    rows, _ = changes(stream(path))
    assert versions(rows) == ["1/1", "2/1", "1/2"]
    assert [row.occurred_at.minute for row in rows if row.occurred_at] == [1, 2, 3]


def test_the_order_holds_over_pages_that_lead_back_in_time(server: Web) -> None:
    server.pages["/newest"] = page(member(1, 2, time(9)), relation("older"))
    server.pages["/older"] = page(member(1, 1, time(1)))
    assert versions(changes(stream(f"{server.url}/newest"))[0]) == ["1/1", "1/2"]


def test_a_snapshot_holds_the_last_version_of_each_object_and_not_what_is_gone(tmp_path: Path) -> None:
    gone = member(3, 2, time(4), kind="as:Delete")
    path = saved(
        tmp_path, member(1, 1, time(1)), member(1, 2, time(3)), member(2, 1, time(2)), member(3, 1, time(1)), gone
    )
    assert versions(list(stream(path).snapshot())) == ["1/2", "2/1"]


@pytest.mark.parametrize(
    ("said", "kind", "options"),
    [
        ("", "as:Delete", {}),
        (f"<{STREAM}> <https://w3id.org/ldes#versionDeleteObject> ex:Gone .\n", "ex:Gone", {}),
        ("", "ex:Ended", {"removed_types": ["http://words.example/ns#Ended"]}),
    ],
)
def test_a_version_that_says_that_its_object_is_gone_is_a_removal(
    tmp_path: Path, said: str, kind: str, options: dict[str, Any]
) -> None:
    rows, _ = changes(stream(saved(tmp_path, said, member(1, 1, time(1)), member(1, 2, time(2), kind=kind)), **options))
    assert [row.removed for row in rows] == [False, True]
    assert rows[1].values["number"] == "1"


def test_the_paths_of_time_and_object_are_read_from_the_stream(tmp_path: Path) -> None:
    path = tmp_path / "page.ttl"
    path.write_text(
        f"{PREFIXES}<{STREAM}> ldes:timestampPath ( ex:event ex:at ) ; ldes:versionOfPath ex:of ; tree:member ex:a .\n"
        'ex:a ex:event [ ex:at "2026-05-01T12:00:00Z"^^xsd:dateTime ] ; ex:of ex:work1 .'
    )
    ((row,), _) = changes(stream(path))
    assert row.fault is None
    assert row.values["@version_of"] == "http://words.example/ns#work1"


def test_the_paths_can_be_set_where_the_stream_does_not_say_them(tmp_path: Path) -> None:
    path = tmp_path / "page.ttl"
    path.write_text(f'{PREFIXES}<{STREAM}> tree:member ex:a .\nex:a ex:at "2026-05-01" ; ex:of ex:work1 .')
    named = {"timestamp_path": ["http://words.example/ns#at"], "version_of_path": ["http://words.example/ns#of"]}
    assert changes(stream(path))[0][0].fault is not None
    assert changes(stream(path, **named))[0][0].fault is None


# Cursors


def test_nothing_is_given_twice(tmp_path: Path) -> None:
    path = saved(tmp_path, member(1, 1, time(1)), member(2, 1, time(1)))
    _, cursor = changes(stream(path))
    assert changes(stream(path), cursor) == ([], cursor)


def test_a_member_with_the_time_of_the_last_one_that_comes_later_is_given(tmp_path: Path) -> None:
    _, cursor = changes(stream(saved(tmp_path, member(5, 1, time(1)))))
    path = saved(tmp_path, member(5, 1, time(1)), member(4, 1, time(1)), member(6, 1, time(1)))
    assert versions(changes(stream(path), cursor)[0]) == ["4/1", "6/1"]


def test_reading_goes_on_from_a_cursor_in_the_middle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meekoppel_connectors.sources.ldes.stream.ROWS_PER_CURSOR", 2)
    path = saved(tmp_path, *(member(work, 1, time(work // 2)) for work in range(1, 8)))
    found = list(stream(path).changes(None))
    first = next(index for index, each in enumerate(found) if isinstance(each, Reached))
    before = [each for each in found[:first] if isinstance(each, SourceRow)]
    rest, _ = changes(stream(path), found[first].cursor)
    assert versions(before) + versions(rest) == versions([each for each in found if isinstance(each, SourceRow)])


def test_a_cursor_stays_small_whatever_happens_at_one_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cursors, "MOST_TIES", 10)
    cursor = StreamCursor()
    for number in range(1000):
        cursor = cursor.after("2026", f"{number:05}")
    assert len(cursor.to_text()) < 200
    assert (cursor.is_new("2026", "00999"), cursor.is_new("2026", "01000")) == (False, True)


def test_a_cursor_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cursor of another kind of source; reset the state"):
        changes(stream(saved(tmp_path)), '["2026", 5]')


# Pages


def test_pages_that_are_finished_are_never_asked_for_again(server: Web) -> None:
    server.pages["/entry"] = page(relation("p1"), relation("p2"))
    server.pages["/p1"] = page(member(1, 1, time(1)), headers=FINISHED)
    server.pages["/p2"] = page(member(2, 1, time(2)))
    rows, cursor = changes(stream(f"{server.url}/entry"))
    assert (versions(rows), paths(server)) == (["1/1", "2/1"], ["/entry", "/p1", "/p2"])
    server.pages["/p2"] = page(member(2, 1, time(2)), member(3, 1, time(3)))
    rows, cursor = changes(stream(f"{server.url}/entry"), cursor)
    assert (versions(rows), paths(server)) == (["3/1"], ["/entry", "/p2"])


def test_a_chain_of_finished_pages_leaves_only_its_end_in_the_cursor(server: Web) -> None:
    for number in range(1, 40):
        server.pages[f"/p{number}"] = page(
            member(number, 1, time(number)), relation(f"p{number + 1}"), headers=FINISHED
        )
    server.pages["/p40"] = page(member(40, 1, time(40)))
    rows, cursor = changes(stream(f"{server.url}/p1"))
    assert (len(rows), len(cursor) < 500) == (40, True)
    paths(server)
    server.pages["/p40"] = page(member(40, 1, time(40)), relation("p41"), headers=FINISHED)
    server.pages["/p41"] = page(member(41, 1, time(41)))
    rows, _ = changes(stream(f"{server.url}/p1"), cursor)
    assert (versions(rows), paths(server)) == (["41/1"], ["/p40", "/p41"])


def test_an_unchanged_page_is_not_sent_again_and_what_the_stream_said_is_not_forgotten(server: Web) -> None:
    own_path = f"<{STREAM}> ldes:timestampPath ex:at ; ldes:versionOfPath ex:of .\n"
    entry = f"{PREFIXES}{own_path}<> tree:relation [ tree:node <p1> ] .".encode()

    def answer_entry(asked: Asked) -> Reply:
        unchanged = asked.headers.get("if-none-match") == '"v1"'
        return Reply(status=304) if unchanged else Reply(entry, headers=TURTLE | {"ETag": '"v1"'})

    def version(number: int) -> bytes:
        said = f'<{STREAM}> tree:member ex:v{number} . ex:v{number} ex:of ex:w ; ex:at "{time(number)}"^^xsd:dateTime .'
        return (PREFIXES + said).encode()

    server.pages |= {"/entry": answer_entry, "/p1": Reply(version(1), headers=TURTLE)}
    _, cursor = changes(stream(f"{server.url}/entry"))
    server.pages["/p1"] = Reply(version(2), headers=TURTLE)
    ((row,), _) = changes(stream(f"{server.url}/entry"), cursor)
    assert (row.fault, row.values["@id"]) == (None, "http://words.example/ns#v2")


def test_pages_that_can_only_hold_what_was_read_are_passed_over(server: Web) -> None:
    bounds = [
        ("past", "LessThanRelation", time(5)),
        ("until", "LessThanOrEqualToRelation", time(4)),
        ("at", "LessThanOrEqualToRelation", time(5)),
        ("future", "GreaterThanOrEqualToRelation", time(5)),
    ]
    server.pages["/entry"] = page(member(1, 1, time(5)), *(relation(name, kind, value) for name, kind, value in bounds))
    for name, _, _ in bounds:
        server.pages[f"/{name}"] = page()
    _, cursor = changes(stream(f"{server.url}/entry"))
    assert sorted(paths(server)) == ["/at", "/entry", "/future", "/past", "/until"]
    _, again = changes(stream(f"{server.url}/entry"), cursor_without_pages(cursor))
    assert sorted(paths(server)) == ["/at", "/entry", "/future"]
    assert again


def cursor_without_pages(cursor: str) -> str:
    return json.dumps(json.loads(cursor) | {"open": {}, "done": []})


@pytest.mark.parametrize("kind", ["Relation", "PrefixRelation", "GreaterThanRelation", "GeospatiallyContainsRelation"])
def test_every_kind_of_relation_is_followed(server: Web, kind: str) -> None:
    server.pages["/entry"] = page(relation("next", kind, time(1)))
    server.pages["/next"] = page(member(1, 1, time(1)))
    assert versions(changes(stream(f"{server.url}/entry"))[0]) == ["1/1"]


def test_pages_that_lead_in_a_circle_end(server: Web) -> None:
    server.pages["/a"] = page(member(1, 1, time(1)), relation("b"), relation("a"))
    server.pages["/b"] = page(member(1, 1, time(1)), member(2, 1, time(2)), relation("a"))
    assert versions(changes(stream(f"{server.url}/a"))[0]) == ["1/1", "2/1"]
    assert paths(server) == ["/a", "/b"]


def test_the_description_of_a_stream_leads_to_its_view_and_several_must_be_chosen_from(server: Web) -> None:
    server.pages["/time"] = page(member(1, 1, time(1)))
    server.pages["/one"] = page(f"<{STREAM}> tree:view <time> .\n")
    server.pages["/two"] = page(f"<{STREAM}> tree:view <time> , <place> .\n")
    assert versions(changes(stream(f"{server.url}/one"))[0]) == ["1/1"]
    assert versions(changes(stream(f"{server.url}/two", view="/time"))[0]) == ["1/1"]
    with pytest.raises(SourceError, match=r"has several views; set source\.view to one of .*/place, .*/time"):
        changes(stream(f"{server.url}/two"))


def test_a_link_to_another_server_is_refused_and_not_passed_over(server: Web) -> None:
    server.pages["/entry"] = page(member(1, 1, time(1)), relation("http://127.0.0.1:9/next"))
    with pytest.raises(SourceError, match="is on another server than the source"):
        changes(stream(f"{server.url}/entry"))


@pytest.mark.parametrize("away", ["/entry", "/next"])
def test_a_server_that_is_busy_for_long_is_away_and_nothing_is_given(server: Web, away: str) -> None:
    server.pages["/entry"] = page(member(1, 1, time(1)), relation("next"))
    server.pages[away] = Reply(status=503, headers={"Retry-After": "600"})
    with pytest.raises(SourceAway) as caught:
        next(iter(stream(f"{server.url}/entry").changes(None)))
    assert caught.value.retry_after_seconds == 600


def test_a_page_that_is_away_half_way_is_asked_for_again_before_all_is_given_up(
    server: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "WAITS_SECONDS", (0.01, 0.01, 0.01))
    busy = iter([Reply(status=503), Reply(status=429, headers={"Retry-After": "0"}), page(member(2, 1, time(2)))])
    server.pages |= {"/entry": page(member(1, 1, time(1)), relation("next")), "/next": lambda _asked: next(busy)}
    assert versions(changes(stream(f"{server.url}/entry"))[0]) == ["1/1", "2/1"]
    assert paths(server) == ["/entry", "/next", "/next", "/next"]


def test_there_is_a_pause_between_pages(server: Web) -> None:
    server.pages |= {"/a": page(relation("b")), "/b": page(relation("c")), "/c": page()}
    began = clock.monotonic()
    changes(stream(f"{server.url}/a", pause_seconds=0.1))
    assert clock.monotonic() - began >= 0.2


def test_a_folder_of_saved_pages_is_read_whole_and_links_to_where_they_came_from_are_not_followed(
    tmp_path: Path,
) -> None:
    saved(tmp_path, member(1, 1, time(1)), relation("http://stream.example/?page=2"), name="1.ttl")
    saved(tmp_path, member(2, 1, time(2)), name="2.ttl")
    (tmp_path / "notes.txt").write_text("saved by hand")
    assert versions(changes(stream(tmp_path))[0]) == ["1/1", "2/1"]


def test_a_saved_page_leads_to_those_beside_it(tmp_path: Path) -> None:
    saved(tmp_path, member(2, 1, time(2)), name="two.ttl")
    first = saved(tmp_path, member(1, 1, time(1)), relation("two.ttl"), name="one.ttl")
    assert versions(changes(stream(first))[0]) == ["1/1", "2/1"]


# Forms


@pytest.mark.parametrize("kind", ["application/n-quads", "application/n-triples"])
def test_n_quads_and_n_triples_are_read(server: Web, kind: str) -> None:
    server.pages["/entry"] = Reply(NQUADS.encode(), headers={"Content-Type": f"{kind}; charset=utf-8"})
    ((row,), _) = changes(stream(f"{server.url}/entry"))
    assert row.values["number"] == "007"


def test_in_trig_a_member_may_have_a_graph_of_its_own_in_which_its_object_is_described(server: Web) -> None:
    graphs = "".join(
        f'ex:v{version} dcterms:isVersionOf ex:work ; prov:generatedAtTime "{time(version)}"^^xsd:dateTime .\n'
        f'<{STREAM}> tree:member ex:v{version} .\nex:v{version} {{ ex:work ex:title "title {version}" }}\n'
        for version in (1, 2)
    )
    server.pages["/entry"] = Reply((PREFIXES + graphs).encode(), headers={"Content-Type": "application/trig"})
    rows, _ = changes(stream(f"{server.url}/entry"))
    assert [row.values["title"] for row in rows] == ["title 1", "title 2"]


def jsonld(context: Any) -> bytes:
    work = {"@id": "http://s.example/1/1", "of": {"@id": "http://s.example/1"}, "number": "007", "at": time(1)}
    return json.dumps({"@context": context, "@id": "http://s.example", "member": work}).encode()


CONTEXT = {
    "member": "https://w3id.org/tree#member",
    "of": "http://purl.org/dc/terms/isVersionOf",
    "at": {"@id": "http://www.w3.org/ns/prov#generatedAtTime", "@type": "http://www.w3.org/2001/XMLSchema#dateTime"},
    "number": "http://words.example/ns#number",
}


def test_json_ld_with_its_own_context_is_read(server: Web) -> None:
    server.pages["/entry"] = Reply(jsonld(CONTEXT), headers={"Content-Type": "application/ld+json"})
    assert changes(stream(f"{server.url}/entry"))[0][0].values["number"] == "007"


def test_the_context_of_json_ld_is_never_fetched_and_a_copy_stands_in(server: Web, tmp_path: Path) -> None:
    address = f"{server.url}/context.jsonld"
    server.pages["/entry"] = Reply(
        jsonld(["http://s.example/other", address]), headers={"Content-Type": "application/ld+json"}
    )
    copies = {name: tmp_path / f"{name}.jsonld" for name in ("other", "context")}
    copies["other"].write_text("{}")
    copies["context"].write_text(json.dumps({"@context": CONTEXT}))
    given = {"http://s.example/other": str(copies["other"]), address: str(copies["context"])}
    with pytest.raises(
        SourceError, match=r"http://s\.example/other, which is never fetched; save it and add source\.contexts"
    ):
        changes(stream(f"{server.url}/entry"))
    assert changes(stream(f"{server.url}/entry", contexts=given))[0][0].values["number"] == "007"
    assert set(paths(server)) == {"/entry"}


def test_json_ld_that_is_nested_without_end_is_refused(server: Web) -> None:
    deep = b'{"a":' * 5000 + b"1" + b"}" * 5000
    server.pages["/entry"] = Reply(deep, headers={"Content-Type": "application/ld+json"})
    with pytest.raises(SourceError, match="entry: is no JSON-LD"):
        changes(stream(f"{server.url}/entry"))


def test_an_answer_that_is_no_linked_data_is_said_with_what_it_is(server: Web) -> None:
    server.pages["/entry"] = Reply(b"<html/>", headers={"Content-Type": "text/html"})
    with pytest.raises(SourceError, match="answers text/html, which is no linked data"):
        changes(stream(f"{server.url}/entry"))


def test_a_page_of_turtle_that_is_damaged_is_said_with_the_line(server: Web) -> None:
    server.pages["/entry"] = Reply(turtle(member(1, 1, time(1)))[:-30], headers=TURTLE)
    with pytest.raises(SourceError, match=r"entry: is no Turtle, or is damaged: .*line \d+"):
        changes(stream(f"{server.url}/entry"))


# Faulty members


def test_a_line_that_is_damaged_rejects_its_own_member_only(tmp_path: Path) -> None:
    other = NQUADS.replace("/1/1>", "/2/1>").replace("<http://s.example/1>", "<http://s.example/2>")
    path = tmp_path / "page.nq"
    path.write_text(NQUADS + '<http://s.example/1/1> <http://words.example/ns#title> "no end .\n' + other)
    rows = {row.values["@id"]: row.fault for row in changes(stream(path))[0]}
    assert "has a line that is no N-Quads" in str(rows["http://s.example/1/1"])
    assert rows["http://s.example/2/1"] is None


def test_a_damaged_line_about_something_else_is_a_rejected_row_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "page.nq"
    path.write_text(NQUADS + "<http://s.example/zone/1> <broken .\n")
    rows = {row.values["@id"]: row.fault for row in changes(stream(path))[0]}
    assert rows["http://s.example/1/1"] is None
    assert rows["http://s.example/zone/1"] is not None


@pytest.mark.parametrize("when", ["2026-13-45T99:00:00Z", "yesterday", None])
def test_a_member_without_a_time_that_exists_is_rejected_under_its_own_id(tmp_path: Path, when: str | None) -> None:
    rows, cursor = changes(stream(saved(tmp_path, member(1, 1, when), member(2, 1, time(2)))))
    assert versions(rows) == ["2/1", "1/1"]
    assert (rows[0].fault, "its place among the versions is not known" in str(rows[1].fault)) == (None, True)
    assert cursor


# Fields


def test_names_lose_their_prefixes_and_what_lies_within_gets_dots(tmp_path: Path) -> None:
    owner = 'ex:owner [ ex:name "Gemeente Asse" ; ex:seat [ ex:zip "1730" ] ] ;'
    more = f"ex:Inname.status <http://codes.example/planned> ; {owner}"
    label = '<http://codes.example/planned> ex:label "Gepland" .\n'
    cause = "<http://stream.example/cause/9> a ex:Roadworks ; ex:causes <http://stream.example/works/1/1> .\n"
    ((row,), _) = changes(stream(saved(tmp_path, member(1, 1, time(1), more), label, cause)))
    expected = {
        "@id": "http://stream.example/works/1/1",
        "@version_of": "http://stream.example/works/1",
        "@type": "Work",
        "Inname.status": "http://codes.example/planned",
        "Inname.status.label": "Gepland",
        "owner.name": "Gemeente Asse",
        "owner.seat.zip": "1730",
        "zone.wkt": SQUARE,
        "number": "1",
        "^causes": "http://stream.example/cause/9",
        "^causes.@type": "Roadworks",
    }
    assert {name: row.values.get(name) for name in expected} == expected


@pytest.mark.parametrize(("languages", "title"), [(("nl",), "Werk"), (("en", "nl"), "Work"), (("de",), "Work")])
def test_of_several_languages_the_wanted_one_is_taken(tmp_path: Path, languages: tuple[str, ...], title: str) -> None:
    more = 'ex:title "Werk"@nl-BE , "Work"@en , "Travaux"@fr ;'
    ((row,), _) = changes(stream(saved(tmp_path, member(1, 1, time(1), more)), languages=languages))
    assert row.values["title"] == title


def test_the_order_of_statements_makes_no_difference(tmp_path: Path) -> None:
    one = 'ex:road "A" , "B" ; ex:lane [ ex:n "1" ; ex:open "no" ] , [ ex:n "2" ; ex:open "yes" ] ;'
    other = 'ex:lane [ ex:open "yes" ; ex:n "2" ] , [ ex:n "1" ; ex:open "no" ] ; ex:road "B" , "A" ;'
    first, second = (
        changes(stream(saved(tmp_path, member(1, 1, time(1), more))))[0][0].values for more in (one, other)
    )
    assert first == second
    assert (first["lane.n"], first["lane.open"]) == (["1", "2"], ["no", "yes"])


def test_several_zones_of_one_member_become_one_geometry_with_its_crs(tmp_path: Path) -> None:
    crs = "<http://www.opengis.net/def/crs/EPSG/9.9.1/31370>"
    more = f'ex:area [ ex:wkt "{crs} POINT (1 2)"^^geo:wktLiteral , "{crs} POINT (3 4)"^^geo:wktLiteral ] ;'
    ((row,), _) = changes(stream(saved(tmp_path, member(1, 1, time(1), more))))
    assert row.values["area.wkt"] == f"{crs} GEOMETRYCOLLECTION (POINT (1 2), POINT (3 4))"


def test_things_that_refer_to_one_another_end(tmp_path: Path) -> None:
    circle = "ex:a ex:next ex:b . ex:b ex:next ex:a .\n"
    ((row,), _) = changes(stream(saved(tmp_path, member(1, 1, time(1), "ex:first ex:a ;"), circle)))
    assert row.values["first.next"] == "http://words.example/ns#b"


def test_nothing_is_fetched_to_tell_the_fields_unless_all_are_wanted(server: Web) -> None:
    works = [member(work, 1, time(1)) for work in range(100)]
    server.pages |= {"/entry": page(*works, relation("next")), "/next": page(member(1, 2, time(2), 'ex:late "x" ;'))}
    assert stream(f"{server.url}/entry").describe().fields == ()
    assert paths(server) == []
    assert "late" in stream(f"{server.url}/entry").describe(whole=True).fields


def test_a_sample_is_given_without_reading_the_whole_stream(server: Web) -> None:
    works = [member(work, 1, time(1)) for work in range(100)]
    server.pages |= {"/entry": page(*works, relation("next")), "/next": page(member(1, 2, time(2)))}
    assert len(list(islice(stream(f"{server.url}/entry").sample(), 100))) == 100
    assert paths(server) == ["/entry"]


def nameless(work: int) -> str:
    return (
        f"<{STREAM}> tree:member _:b1 .\n_:b1 dcterms:isVersionOf <http://stream.example/works/{work}> ;"
        f' prov:generatedAtTime "{time(1)}"^^xsd:dateTime ; ex:number {work} .\n'
    )


def test_members_without_a_name_are_told_apart_over_pages_and_given_once(server: Web) -> None:
    server.pages["/"] = page(nameless(1), relation(f"{server.url}/2"))
    server.pages["/2"] = page(nameless(2))
    source = stream(server.url)
    rows, cursor = changes(source)
    assert sorted(row.values["number"] for row in rows) == ["1", "2"]
    assert changes(source, cursor)[0] == []
    assert sorted(row.values["number"] for row in source.snapshot()) == ["1", "2"]


@pytest.mark.parametrize("when", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"])
def test_a_time_that_utc_does_not_have_is_a_fault_of_its_row(tmp_path: Path, when: str) -> None:
    (row,) = stream(saved(tmp_path, member(1, 1, when))).snapshot()
    assert "which is none" in str(row.fault)


def test_a_page_at_an_impossible_address_is_said_in_a_sentence(server: Web) -> None:
    server.pages["/"] = page(relation("http://[::1"))
    with pytest.raises(SourceError, match=r"http://…: is no address that can be asked"):
        changes(stream(server.url))
