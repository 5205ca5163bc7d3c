from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from pyproj import Transformer

from meekoppel_connectors.errors import SourceAway, SourceError
from meekoppel_connectors.sources.opening import open_source, source_class
from tests.connectors.pygeoapi_server import COUNT, CRS84, ETRS89, PYTHON, RD, place_of, pygeoapi
from tests.connectors.web import Asked, Reply, Web, web
from tests.parts import give_up


@pytest.fixture(scope="module")
def pygeoapi_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not PYTHON.exists():
        give_up("pygeoapi", "it is not installed; run deploy/install-pygeoapi.sh")
    with pygeoapi(tmp_path_factory.mktemp("pygeoapi")) as url:
        yield url


def source(url: str, **options: Any) -> Any:
    written = {"format": "ogc-features", "url": url, **options}
    return open_source(source_class("ogc-features").settings_type.model_validate(written))


def shapes(url: str, **options: Any) -> list[shapely.Point]:
    rows = source(url, **options).snapshot()
    return [
        row.geometry if isinstance(row.geometry, shapely.Point) else shapely.geometry.shape(row.geometry)
        for row in rows
    ]


# Against a real pygeoapi


def test_a_collection_is_read_over_all_its_pages(pygeoapi_url: str) -> None:
    rows = list(source(f"{pygeoapi_url}/collections/plans", page_size=100).snapshot())
    assert [row.values["nr"] for row in rows] == [f"{number:05d}" for number in range(COUNT)]
    assert [row.number for row in rows] == list(range(1, COUNT + 1))
    assert rows[7].values == {"id": 7, "nr": "00007", "title": "Riolering 7", "period.from": "2026-04-01"}


def test_a_service_that_gives_less_at_once_than_is_asked_is_read_whole(pygeoapi_url: str) -> None:
    assert len(list(source(pygeoapi_url, collection="plans", page_size=10_000).snapshot())) == COUNT


def test_of_several_collections_one_must_be_named(pygeoapi_url: str) -> None:
    with pytest.raises(SourceError, match=r"set source\.collection to one of etrs89, plans, rd"):
        source(pygeoapi_url).describe()
    with pytest.raises(SourceError, match="404"):
        source(pygeoapi_url, collection="none").describe()


def test_a_description_gives_fields_count_and_crs(pygeoapi_url: str) -> None:
    found = source(f"{pygeoapi_url}/collections/rd/items").describe()
    assert found.fields == ("id", "nr", "title", "period.from")
    assert found.row_count == COUNT
    assert found.crs.to_epsg() == 28992


def test_coordinates_come_as_the_service_stores_them(pygeoapi_url: str) -> None:
    assert shapes(pygeoapi_url, collection="rd")[1] == shapely.Point(111_501.5, 516_500.25)


@pytest.mark.parametrize(
    ("collection", "crs"), [("plans", "OGC:CRS84"), ("plans", 4258), ("etrs89", None), ("etrs89", 4258)]
)
def test_longitude_comes_first_whatever_the_order_of_the_authority(
    pygeoapi_url: str, collection: str, crs: Any
) -> None:
    found = shapes(pygeoapi_url, collection=collection, **({"crs": crs} if crs else {}))
    expected = np.array([place_of(number) for number in range(COUNT)])
    assert shapely.get_coordinates(found) == pytest.approx(expected)


def test_a_projected_crs_is_asked_for_where_it_is_configured(pygeoapi_url: str) -> None:
    expected = Transformer.from_crs(4326, 28992, always_xy=True).transform(*place_of(3))
    point = shapes(pygeoapi_url, collection="plans", crs=28992)[3]
    assert (point.x, point.y) == pytest.approx(expected, abs=0.01)


def test_a_crs_that_the_service_does_not_offer_is_said_with_those_that_it_does(pygeoapi_url: str) -> None:
    with pytest.raises(SourceError, match=r"no coordinates in source\.crs 31370; it offers .*CRS84, .*28992"):
        source(pygeoapi_url, collection="rd", crs=31370).describe()


def test_a_box_and_parameters_choose_features(pygeoapi_url: str) -> None:
    west, south = place_of(0)
    assert len(shapes(pygeoapi_url, collection="plans", bbox=[west, south, west + 0.00055, south + 1])) == 6
    assert len(shapes(pygeoapi_url, collection="plans", parameters={"nr": "00007"})) == 1


def test_gdal_reads_the_same_rows_at_the_same_places(pygeoapi_url: str) -> None:
    meta, _, geometry, columns = pyogrio.raw.read(f"OAPIF:{pygeoapi_url}/collections/plans")
    assert list(columns[list(meta["fields"]).index("nr")]) == [
        row.values["nr"] for row in source(pygeoapi_url, collection="plans").snapshot()
    ]
    assert shapely.equals_exact(shapely.from_wkb(geometry), shapes(pygeoapi_url, collection="plans"), 1e-9).all()


# Against a service that misbehaves


@pytest.fixture
def site() -> Iterator[Web]:
    with web() as served:
        served.pages["/collections/plans"] = page({"id": "plans", "crs": [CRS84, RD, ETRS89]})
        yield served


def page(content: Any, **headers: str) -> Reply:
    return Reply(json.dumps(content).encode(), headers={"Content-Type": "application/json", **headers})


def features(*ids: int | str, matched: int | None = None, following: str | None = None, **headers: str) -> Reply:
    made = [
        {"type": "Feature", "id": id, "properties": {"nr": id}, "geometry": {"type": "Point", "coordinates": [5, 52]}}
        for id in ids
    ]
    links = [{"rel": "next", "href": following}] if following else []
    counted = {} if matched is None else {"numberMatched": matched}
    return page({"type": "FeatureCollection", "features": made, "links": links} | counted, **headers)


def ids(site: Web, **options: Any) -> list[Any]:
    return [row.values["nr"] for row in source(f"{site.url}/collections/plans", **options).snapshot()]


def test_a_next_page_may_be_named_relatively(site: Web) -> None:
    site.pages["/collections/plans/items"] = features(1, following="items2?token=x")
    site.pages["/collections/plans/items2"] = features(2)
    assert ids(site) == [1, 2]
    assert site.asked[-1].query == {"token": "x"}


def test_fewer_features_than_the_service_counts_are_no_snapshot(site: Web) -> None:
    site.pages["/collections/plans/items"] = features(1, 2, matched=3)
    with pytest.raises(SourceAway, match="gave 2 features, but counts 3; not all came"):
        ids(site)


def test_a_count_that_changes_between_pages_is_no_snapshot(site: Web) -> None:
    site.pages["/collections/plans/items"] = features(1, matched=2, following="items2")
    site.pages["/collections/plans/items2"] = features(3, matched=3)
    with pytest.raises(SourceAway, match="changed while it was read: 2 features, and then 3"):
        ids(site)


def test_pages_that_shift_are_no_snapshot(site: Web) -> None:
    site.pages["/collections/plans/items"] = features(1, 2, following="items2")
    site.pages["/collections/plans/items2"] = features(2, 3)
    with pytest.raises(SourceAway, match="gave feature 2 twice"):
        ids(site)


def test_pages_without_end_are_an_error(site: Web) -> None:
    site.pages["/collections/plans/items"] = lambda asked: features(
        following=f"{site.url}/collections/plans/items?same"
    )
    with pytest.raises(SourceError, match="next page that was read before"):
        ids(site)


def test_a_next_page_on_another_server_is_refused(site: Web) -> None:
    site.pages["/collections/plans/items"] = features(1, following="http://127.0.0.1:1/items")
    with pytest.raises(SourceError, match=r"another server.*trusted_origins"):
        ids(site)


def test_coordinates_in_another_crs_than_was_asked_are_refused(site: Web) -> None:
    site.pages["/collections/plans/items"] = features(1)
    with pytest.raises(SourceError, match=r"asked for coordinates in .*28992, and says that it gives them in nothing"):
        ids(site, crs=28992)
    site.pages["/collections/plans/items"] = features(1, **{"Content-Crs": f"<{ETRS89}>"})
    with pytest.raises(SourceError, match=r"gives them in .*4258"):
        ids(site)


def test_the_order_of_axes_that_is_configured_goes_before_that_of_the_authority(site: Web) -> None:
    site.pages["/collections/plans/items"] = features(1, **{"Content-Crs": f"<{ETRS89}>"})
    (row,) = source(f"{site.url}/collections/plans", crs=4258, axis_order="xy").snapshot()
    assert row.geometry == {"type": "Point", "coordinates": [5, 52]}


def test_a_feature_that_is_none_is_a_fault_of_its_row(site: Web) -> None:
    broken = {"type": "Feature", "id": 2, "properties": None, "geometry": {"type": "Point", "coordinates": ["x"]}}
    collection = {"type": "FeatureCollection", "features": ["nonsense", broken]}
    site.pages["/collections/plans/items"] = page(collection, **{"Content-Crs": f"<{ETRS89}>"})
    first, second = source(f"{site.url}/collections/plans", crs=4258).snapshot()
    assert first.fault == "is no GeoJSON feature"
    assert "no GeoJSON" in str(second.fault)
    assert second.values == {"id": 2}


def test_what_is_no_such_service_is_said(site: Web) -> None:
    site.pages["/collections"] = page({"hello": "world"})
    with pytest.raises(SourceError, match="is no OGC API Features service"):
        source(site.url).describe()
    site.pages["/collections/plans/items"] = page({"hello": "world"})
    with pytest.raises(SourceError, match="answers with no features"):
        ids(site)


def test_a_service_that_is_busy_half_way_is_away(site: Web) -> None:
    def answer(asked: Asked) -> Reply:
        return (
            Reply(b"", 503, {"Retry-After": "9"}) if asked.query.get("page") else features(1, following="items?page=2")
        )

    site.pages["/collections/plans/items"] = answer
    with pytest.raises(SourceAway) as caught:
        ids(site)
    assert caught.value.retry_after_seconds == 9


def test_crss_that_hold_for_the_whole_service_are_looked_up(site: Web) -> None:
    site.pages["/collections"] = page({"collections": [{"id": "plans"}], "crs": [CRS84, RD]})
    site.pages["/collections/plans"] = page({"id": "plans", "crs": ["#/crs"], "storageCrs": RD})
    site.pages["/collections/plans/items"] = features(1, **{"Content-Crs": f"<{RD}>"})
    assert source(site.url).describe().crs.to_epsg() == 28992
    assert site.asked[-1].query["crs"] == RD


def test_a_configuration_is_checked(tmp_path: Path) -> None:
    settings = source("https://host/api", client_certificate="c.pem").settings.in_folder(tmp_path)
    assert settings.client_certificate == tmp_path / "c.pem"
    assert settings.place == "https://host/api"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"features": [], "links": {"rel": "next"}}, "links that are no list"),
        ({"features": [], "links": ["items2"]}, "links that are no list"),
        ({"features": [], "links": [{"rel": "next", "href": 5}]}, "next page whose address is no text"),
        ({"features": [], "links": [{"rel": "next", "href": "http://[::1"}]}, "next page at an impossible address"),
    ],
)
def test_links_that_could_hide_a_next_page_are_refused(site: Web, answer: Any, said: str) -> None:
    site.pages["/collections/plans/items"] = page(answer)
    with pytest.raises(SourceError, match=said):
        ids(site)


def test_a_count_that_is_no_number_counts_as_none(site: Web) -> None:
    answer = json.loads(features(1).body)
    site.pages["/collections/plans/items"] = page(answer | {"numberMatched": "unknown"})
    assert ids(site) == [1]


def test_empty_pages_that_lead_on_without_end_are_an_error(site: Web) -> None:
    site.pages["/collections/plans/items"] = lambda asked: features(following=f"items?p={len(site.asked)}")
    with pytest.raises(SourceError, match="leads through 101 pages without a feature"):
        ids(site)


def test_properties_that_cannot_be_read_spoil_their_own_row_only(site: Web) -> None:
    deep: Any = 1
    for _ in range(60):
        deep = {"a": deep}
    broken = [{"type": "Feature", "id": number, "properties": one} for number, one in enumerate(([1], {"a": deep}))]
    right = json.loads(features(7).body)["features"]
    site.pages["/collections/plans/items"] = page({"features": broken + right})
    found = source(f"{site.url}/collections/plans")
    assert found.describe().fields == ("id", "nr")
    first, second, third = found.snapshot()
    assert (first.fault, first.values["id"]) == ("has properties that are no object with fields", 0)
    assert "more than 50 deep" in str(second.fault)
    assert third.fault is None


def test_collections_that_are_none_are_said_in_a_sentence(site: Web) -> None:
    site.pages["/collections"] = page({"collections": ["plans"]})
    with pytest.raises(SourceError, match="is no OGC API Features service"):
        source(site.url).describe()
