from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest
import shapely
from openpyxl import Workbook
from pyogrio import raw

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.guessing.formats import guess_format
from meekoppel_connectors.guessing.guess import Confidence

TABLE = "nr;titel;van\n1;Riool Laat;2026-04-01\n2;Riool Dijk;2026-05-01\n"


def settings_of(path: Path) -> dict[str, object]:
    return {name: guess.value for name, guess in guess_format(path).settings.items()}


def write(path: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


@pytest.mark.parametrize("driver", ["GPKG", "ESRI Shapefile", "GeoJSON"])
def test_map_layers_are_told_by_their_contents_whatever_they_are_called(tmp_path: Path, driver: str) -> None:
    suffix, format = {
        "GPKG": (".gpkg", "gpkg"),
        "ESRI Shapefile": (".shp", "shapefile"),
        "GeoJSON": (".json", "geojson"),
    }[driver]
    path = tmp_path / f"plannen{suffix}"
    raw.write(path, np.array([shapely.to_wkb(shapely.Point(5, 52))]), [np.array(["1"])], ["nr"], geometry_type="Point",
              crs="EPSG:4326", driver=driver)  # fmt: skip
    assert guess_format(path).format == format


def test_a_table_is_told_by_its_contents(tmp_path: Path) -> None:
    path = write(tmp_path / "export.txt", TABLE)
    assert guess_format(path).format == "csv"
    assert settings_of(path) == {"delimiter": ";", "encoding": None, "header_row": 1}


def test_the_delimiter_is_not_a_comma_within_texts(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "nr\ttitel\n1\tLaat, Dijk, Kade, Plein\n2\tA, b, c, d\n")
    assert settings_of(path)["delimiter"] == "\t"


def test_a_header_in_row_four_is_found(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", f"Planning 2026;;\nGemeente Alkmaar;;\n;;\n{TABLE}")
    assert settings_of(path)["header_row"] == 4


def test_a_windows_encoding_is_seen_and_not_sure(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", TABLE.replace("Riool", "Café"), "windows-1252")
    guess = guess_format(path).settings["encoding"]
    assert (guess.value, guess.confidence) == ("windows-1252", Confidence.LIKELY)


def test_the_sheet_with_the_table_and_its_header_are_found(tmp_path: Path) -> None:
    book = Workbook()
    book.active.title = "Toelichting"
    book.active.append(["Deze werkmap bevat de planning."])
    sheet = book.create_sheet("Werken")
    for row in (["Planning 2026"], [], ["Bijgewerkt op maandag"], ["nr", "titel", "van"], ["1", "Riool", "2026-04-01"]):
        sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    assert settings_of(tmp_path / "a.xlsx") == {"sheet": "Werken", "header_row": 4}


def test_the_record_of_an_xml_file_is_the_outermost_that_repeats(tmp_path: Path) -> None:
    work = "<work><nr>1</nr><title>a</title><period><from>x</from><to>y</to><by>z</by></period></work>"
    path = write(tmp_path / "a.xml", f"<works><made>today</made>{work * 3}</works>")
    assert settings_of(path) == {"record": "work"}


@pytest.mark.parametrize(
    ("content", "record"),
    [
        ('{"nhits": 2, "records": [{"nr": 1}, {"nr": 2}]}', {"record": "records"}),
        ('{"data": {"works": [{"nr": 1}], "page": {"links": [1, 2]}}}', {"record": "data/works"}),
        ('[{"nr": 1}]', {}),
    ],
)
def test_the_records_of_json_are_the_list_of_objects(tmp_path: Path, content: str, record: dict[str, str]) -> None:
    path = write(tmp_path / "a.json", content)
    assert guess_format(path).format == "json"
    assert settings_of(path) == record


def test_a_feed_of_wzdx_is_told_from_other_geojson(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.geojson", '{"feed_info": {"version": "4.2"}, "type": "FeatureCollection", "features": []}'
    )
    assert guess_format(path).format == "wzdx"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"%PDF-1.7 ...", "is a PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel"),
        (b"\x89PNG\r\n", "a picture"),
        (b"<html><body>Log in</body></html>", "web page"),
        (b"<!DOCTYPE html><html></html>", "web page"),
        (b'{"features": [', "is damaged"),
        (b"<works><work>", "is damaged in line 1"),
        (b'{"count": 0, "works": []}', "without a list of records"),
        (b"just one line of words", "is no GeoJSON"),
        (b"\x00\x01\x02\x03\x04", "is no GeoJSON"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "declares entities"),
    ],
)
def test_what_is_no_source_is_refused_in_a_sentence(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(SourceError, match=says):
        guess_format(write(tmp_path / "a.dat", content))


def test_a_database_that_is_no_geopackage_is_refused(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "a.db")
    connection.execute("CREATE TABLE plans (nr TEXT)")
    connection.close()
    with pytest.raises(SourceError, match="no GeoPackage"):
        guess_format(tmp_path / "a.db")


def test_a_part_of_a_shapefile_names_the_part_to_take(tmp_path: Path) -> None:
    for suffix in (".shp", ".dbf"):
        write(tmp_path / f"plannen{suffix}", b"\x03")
    with pytest.raises(SourceError, match=r"plannen\.shp"):
        guess_format(tmp_path / "plannen.dbf")


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        guess_format(tmp_path / "a.csv")
