from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from meekoppel_connectors.errors import SourceAway, SourceError
from meekoppel_connectors.sources.opening import open_source, source_class
from tests.connectors.mapserver import COUNT, available, mapserver, square
from tests.connectors.web import Asked, Reply, Web, web
from tests.parts import give_up

BOTH = pytest.mark.parametrize("output", ["geojson", "gml"])


@pytest.fixture(scope="module")
def mapserver_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not available():
        give_up("MapServer", "it is not installed; run deploy/install-mapserver.sh")
    with mapserver(tmp_path_factory.mktemp("mapserver"), formats="geojson") as url:
        yield url


def source(url: str, **options: Any) -> Any:
    return open_source(source_class("wfs").settings_type.model_validate({"format": "wfs", "url": url, **options}))


def shapes(url: str, **options: Any) -> list[Any]:
    return [
        shapely.from_wkb(row.geometry) if isinstance(row.geometry, bytes) else shapely.geometry.shape(row.geometry)
        for row in source(url, **options).snapshot()
    ]


# Against a real MapServer


@BOTH
def test_a_feature_type_is_read_over_all_its_pages(mapserver_url: str, output: str) -> None:
    rows = list(source(mapserver_url, output=output, page_size=100).snapshot())
    assert [row.values["nr"] for row in rows] == [f"{number:05d}" for number in range(COUNT)]
    assert [row.number for row in rows] == list(range(1, COUNT + 1))
    assert rows[3].values["title"] == "Café & <riool> 3"


def test_geojson_is_asked_for_where_it_is_offered_and_keeps_numbers(mapserver_url: str) -> None:
    assert next(iter(source(mapserver_url).snapshot())).values["length"] == 0
    assert next(iter(source(mapserver_url, output="gml").snapshot())).values["length"] == "0"


@BOTH
def test_coordinates_come_in_the_crs_of_the_service(mapserver_url: str, output: str) -> None:
    found = source(mapserver_url, output=output).describe()
    assert found.crs.to_epsg() == 28992
    assert found.row_count == COUNT
    assert {"nr", "title", "length"} <= set(found.fields)
    expected = [square(number) for number in range(COUNT)]
    assert shapely.equals(shapes(mapserver_url, output=output), expected).all()


@BOTH
def test_longitude_comes_first_whatever_the_order_of_the_authority(mapserver_url: str, output: str) -> None:
    to_degrees = Transformer.from_crs(28992, 4258, always_xy=True)
    expected = to_degrees.transform(*square(7).centroid.coords[0])
    centre = shapes(mapserver_url, output=output, crs=4258)[7].centroid
    assert (centre.x, centre.y) == pytest.approx(expected, abs=0.002)  # MapServer leaves out the shift of the datum


def test_a_crs_that_the_service_does_not_offer_is_said_with_those_that_it_does(mapserver_url: str) -> None:
    with pytest.raises(SourceError, match=r"no coordinates in source\.crs 31370; it offers urn:.*::28992"):
        source(mapserver_url, crs=31370).describe()


def test_a_feature_type_may_be_named_with_or_without_its_prefix(mapserver_url: str) -> None:
    assert source(mapserver_url, type_name="plans").describe().row_count == COUNT
    assert source(mapserver_url, type_name="ms:plans").describe().row_count == COUNT
    with pytest.raises(SourceError, match=r"set source\.type_name to one of its feature types: ms:plans"):
        source(mapserver_url, type_name="roads").describe()


def test_parameters_choose_features(mapserver_url: str) -> None:
    box = "111500,516500,111511,516600,urn:ogc:def:crs:EPSG::28992"
    assert len(shapes(mapserver_url, parameters={"bbox": box})) == 2


def test_what_the_service_does_not_like_is_said_in_its_words(mapserver_url: str) -> None:
    with pytest.raises(SourceError, match="Unsupported FILTER in GetFeature"):
        list(source(mapserver_url, parameters={"filter": "<nonsense"}).snapshot())


GDAL = """
import json, sys, pyogrio, shapely
meta, _, geometry, columns = pyogrio.raw.read(f"WFS:{sys.argv[1]}?version=2.0.0", layer="ms:plans")
print(json.dumps([list(columns[list(meta["fields"]).index("nr")]), list(shapely.to_wkt(shapely.from_wkb(geometry)))]))
"""


@BOTH
def test_gdal_reads_the_same_rows_at_the_same_places(mapserver_url: str, output: str) -> None:
    # In a process of its own: while GDAL asks, Python's threads stand still, and so would the server.
    ended = subprocess.run([sys.executable, "-c", GDAL, mapserver_url], capture_output=True, check=True, timeout=60)
    numbers, texts = json.loads(ended.stdout)
    rows = list(source(mapserver_url, output=output).snapshot())
    assert numbers == [row.values["nr"] for row in rows]
    assert shapely.equals(shapely.from_wkt(texts), shapes(mapserver_url, output=output)).all()


# Against a service that misbehaves

CAPABILITIES = """<WFS_Capabilities version="2.0.0"><FeatureTypeList>
<FeatureType><Name>a:plans</Name><DefaultCRS>urn:ogc:def:crs:EPSG::28992</DefaultCRS>
<OutputFormats><Format>application/json</Format></OutputFormats></FeatureType></FeatureTypeList></WFS_Capabilities>"""


class Service:
    """A WFS that answers as a test says."""

    def __init__(self) -> None:
        self.matched = "2"
        self.capabilities = CAPABILITIES.encode()
        self.pages: list[bytes] = []

    def __call__(self, asked: Asked) -> bytes:
        if asked.query["request"] == "GetCapabilities":
            return self.capabilities
        if asked.query.get("resultType") == "hits":
            return f'<FeatureCollection numberMatched="{self.matched}" numberReturned="0"/>'.encode()
        return self.pages.pop(0)


@pytest.fixture
def site() -> Iterator[Web]:
    with web() as served:
        yield served


@pytest.fixture
def wfs(site: Web) -> Service:
    service = Service()
    site.pages["/wfs"] = service
    return service


def features(*ids: int, crs: str = "") -> bytes:
    point = {"type": "Point", "coordinates": [1, 2]}
    made = [{"type": "Feature", "id": f"plans.{id}", "properties": {"nr": id}, "geometry": point} for id in ids]
    named = {"crs": {"type": "name", "properties": {"name": crs}}} if crs else {}
    return json.dumps({"type": "FeatureCollection", "features": made} | named).encode()


def numbers(site: Web, **options: Any) -> list[Any]:
    return [row.values["nr"] for row in source(f"{site.url}/wfs?map=x", **options).snapshot()]


def test_the_address_may_have_a_query_of_its_own_and_pages_an_order(site: Web, wfs: Service) -> None:
    wfs.pages = [features(1), features(2)]
    assert numbers(site, page_size=1, sort_by="nr") == [1, 2]
    assert {"map": "x", "sortBy": "nr", "startIndex": "1", "count": "1"}.items() <= site.asked[-1].query.items()


def test_fewer_features_than_the_service_counts_are_no_snapshot(site: Web, wfs: Service) -> None:
    wfs.pages = [features(1), features()]
    with pytest.raises(SourceAway, match="gave 1 features, but counts 2"):
        numbers(site)


def test_a_service_that_does_not_count_is_read_until_an_empty_page(site: Web, wfs: Service) -> None:
    wfs.matched, wfs.pages = "unknown", [features(1), features(2), features()]
    assert numbers(site) == [1, 2]


def test_pages_that_shift_are_no_snapshot(site: Web, wfs: Service) -> None:
    wfs.matched, wfs.pages = "4", [features(1, 2), features(3, 2)]
    with pytest.raises(SourceAway, match=r"gave feature plans\.2 twice"):
        numbers(site)


def test_a_service_that_gives_the_same_page_again_is_an_error(site: Web, wfs: Service) -> None:
    wfs.matched, wfs.pages = "unknown", [features(1), features(1)]
    with pytest.raises(SourceError, match="cannot be read in pages"):
        numbers(site)


def test_coordinates_in_another_crs_than_was_asked_are_refused(site: Web, wfs: Service) -> None:
    wfs.pages = [features(1, 2, crs="urn:ogc:def:crs:EPSG::31370")]
    with pytest.raises(SourceError, match=r"was asked for coordinates in .*28992, and gives them in .*31370"):
        numbers(site)


def test_an_exception_that_is_answered_as_a_success_is_one(site: Web, wfs: Service) -> None:
    wfs.pages = [
        b"<ExceptionReport><Exception><ExceptionText>no such  thing</ExceptionText></Exception></ExceptionReport>"
    ]
    with pytest.raises(SourceError, match="refuses the question: no such thing"):
        numbers(site)


def test_an_older_service_and_what_is_none_are_said(site: Web, wfs: Service) -> None:
    wfs.capabilities = CAPABILITIES.replace("2.0.0", "1.1.0").encode()
    with pytest.raises(SourceError, match=r"is no WFS 2\.0 \(it answers with version 1\.1\.0\)"):
        numbers(site)
    wfs.capabilities = b"hello"
    with pytest.raises(SourceError, match="answers with no XML"):
        numbers(site)
    wfs.capabilities = b'<!DOCTYPE f [<!ENTITY a "aaaa">]><WFS_Capabilities version="2.0.0">&a;</WFS_Capabilities>'
    with pytest.raises(SourceError, match="unsafe"):
        numbers(site)


def test_numbers_in_gml_that_begin_with_a_zero_stay_text(site: Web, wfs: Service) -> None:
    member = (
        '<wfs:member><a:plans gml:id="p.{0}"><a:nr>00{0}</a:nr><a:g><gml:Point srsName="urn:ogc:def:crs:EPSG::4258">'
        "<gml:pos>52.5 4.5</gml:pos></gml:Point></a:g></a:plans></wfs:member>"
    )
    head = '<wfs:FeatureCollection xmlns:wfs="http://www.opengis.net/wfs/2.0" xmlns:a="urn:a" numberReturned="2" '
    head += 'xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    head += f'xsi:schemaLocation="urn:a {site.url}/schema.xsd">'
    wfs.capabilities = CAPABILITIES.replace("28992", "4258").encode()
    wfs.pages = [(head + member.format(1) + member.format(2) + "</wfs:FeatureCollection>").encode()]
    rows = list(source(f"{site.url}/wfs", output="gml").snapshot())
    assert [(row.values["id"], row.values["nr"]) for row in rows] == [("p.1", "001"), ("p.2", "002")]
    assert np.array_equal(shapely.get_coordinates(shapely.from_wkb(rows[0].geometry)), [[4.5, 52.5]])
    assert not [asked for asked in site.asked if asked.path == "/schema.xsd"]


def test_a_service_that_is_busy_is_away(site: Web) -> None:
    site.pages["/wfs"] = Reply(b"", 503, {"Retry-After": "9"})
    with pytest.raises(SourceAway):
        numbers(site)
