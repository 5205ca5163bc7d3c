from __future__ import annotations

import sqlite3
import struct
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyogrio
import pytest
import shapely

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.sources.opening import open_source, source_class

MIDNIGHT = datetime(2026, 4, 1)  # noqa: DTZ001 - cells have no zone
MORNING = MIDNIGHT.replace(hour=7, minute=30)


def settings(kind: str, path: Path, **options: Any) -> Any:
    if kind in {"csv", "xlsx", "xml"}:
        options.setdefault("geometry", {"wkt": "geom"})
    return source_class(kind).settings_type.model_validate({"format": kind, "path": path, **options})


def source(kind: str, path: Path, **options: Any) -> Any:
    return open_source(settings(kind, path, **options))


def reader(kind: str, path: Path, **options: Any) -> Any:
    return source_class(kind)(settings(kind, path, **options))


def rows(kind: str, path: Path, **options: Any) -> list[SourceRow]:
    return list(source(kind, path, **options).snapshot())


def text_file(folder: Path, text: str, encoding: str = "utf-8", name: str = "feed.txt") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def xml(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    return text_file(folder, text, encoding, "feed.xml")


# CSV


@pytest.mark.parametrize("sign", [";", ",", "\t", "|"])
def test_the_delimiter_of_csv_is_found_out(tmp_path: Path, sign: str) -> None:
    path = text_file(tmp_path, f'nr{sign}"a,b;c|d\te"\n007{sign}x\n')
    assert rows("csv", path)[0].values == {"nr": "007", "a,b;c|d\te": "x"}


def test_leading_zeros_and_odd_numbers_of_csv_stay_text(tmp_path: Path) -> None:
    path = text_file(tmp_path, "nr;n\n0041;1e5\n")
    assert rows("csv", path)[0].values == {"nr": "0041", "n": "1e5"}


def test_rows_of_csv_are_numbered_as_a_spreadsheet_shows_them(tmp_path: Path) -> None:
    path = text_file(tmp_path, 'export of today\n\nnr;t\n1;"two\nlines"\n\n2;x\n')
    assert [row.number for row in rows("csv", path, header_row=3)] == [4, 6]


def test_the_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    path = text_file(tmp_path, "\ufeffnr;t\n1;x\n")
    assert source("csv", path).describe().fields == ("nr", "t")


def test_a_wrong_encoding_of_csv_is_said_and_the_right_one_reads(tmp_path: Path) -> None:
    path = text_file(tmp_path, "nr;t\n1;Coördinatie\n", "windows-1252")
    with pytest.raises(SourceError, match=r"set source\.encoding"):
        rows("csv", path)
    assert rows("csv", path, encoding="windows-1252")[0].values["t"] == "Coördinatie"


def test_a_row_with_more_cells_than_columns_is_marked(tmp_path: Path) -> None:
    path = text_file(tmp_path, "nr;t\n1;a;b\n2;a;\n3\n")
    first, second, third = rows("csv", path)
    assert first.fault == "has 3 cells under 2 columns, so that values may stand in the wrong column"
    assert second.fault is None
    assert third.values == {"nr": "3", "t": None}


def test_an_open_quote_does_not_swallow_the_rest_of_the_file(tmp_path: Path) -> None:
    path = text_file(tmp_path, 'nr;t\n1;a\n2;"b\n3;c\n')
    with pytest.raises(SourceError, match="is damaged after row 2"):
        rows("csv", path)


def test_a_polygon_longer_than_the_usual_limit_is_read(tmp_path: Path) -> None:
    long = "1 2," * 60_000
    path = text_file(tmp_path, f'nr;geom\n1;"POLYGON(({long}))"\n')
    assert len(rows("csv", path)[0].values["geom"]) > 200_000


def test_two_columns_of_one_name_are_told_apart(tmp_path: Path) -> None:
    assert source("csv", text_file(tmp_path, "nr;x;x\n")).describe().fields == ("nr", "x", "x (2)")


# XLSX


def workbook(folder: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Werken"
    sheet.append(["Planning 2026"])
    sheet.append(["nr", "begin", "om", "aantal", "code", "fout"])
    sheet.append([41, MIDNIGHT, MORNING, 12.0, 41, "=1/0"])
    sheet.append([])
    sheet.append(["0042", None, None, 1.5, None, None])
    sheet["B3"].number_format = "dd-mm-yyyy"
    sheet["C3"].number_format = "dd-mm-yyyy hh:mm"
    sheet["E3"].number_format = "00000"
    book.create_sheet("Leeg")
    path = folder / "werken.xlsx"
    book.save(path)
    return path


def test_cells_of_a_workbook_keep_what_they_mean(tmp_path: Path) -> None:
    first, second = rows("xlsx", workbook(tmp_path), header_row=2)
    assert first.values["begin"] == date(2026, 4, 1)
    assert type(first.values["begin"]) is date
    assert first.values["om"] == MORNING
    assert first.values["code"] == "00041"
    assert first.values["fout"] is None
    assert second.values["nr"] == "0042"


def test_rows_of_a_workbook_are_numbered_as_the_sheet_shows_them(tmp_path: Path) -> None:
    assert [row.number for row in rows("xlsx", workbook(tmp_path), header_row=2, sheet="Werken")] == [3, 5]


def test_a_sheet_that_is_not_there_is_said_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="has no sheet 'Werk'; it has Werken, Leeg"):
        rows("xlsx", workbook(tmp_path), sheet="Werk")


def test_a_sheet_without_a_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="has no row 1"):
        rows("xlsx", workbook(tmp_path), sheet="Leeg")


def test_what_is_no_workbook_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is not an XLSX workbook"):
        rows("xlsx", text_file(tmp_path, "nr;t\n", name="werken.xlsx"))


# XML


def test_nested_elements_and_attributes_become_fields(tmp_path: Path) -> None:
    path = xml(
        tmp_path,
        '<f xmlns="urn:a" xmlns:b="urn:b"><b:work id="7"><nr>01</nr><when><from>x</from></when><l>a</l><l>b</l><e/>'
        "</b:work><other/><b:work/></f>",
    )
    first, second = rows("xml", path, record="work")
    assert first.values == {"@id": "7", "nr": "01", "when.from": "x", "l": ["a", "b"], "e": None}
    assert (first.number, second.number, second.values) == (1, 2, {})


def test_a_record_path_tells_equal_names_apart(tmp_path: Path) -> None:
    path = xml(tmp_path, "<f><old><w><n>1</n></w></old><new><w><n>2</n></w></new></f>")
    assert [row.values["n"] for row in rows("xml", path, record="new/w")] == ["2"]


def test_the_encoding_that_an_xml_file_names_is_followed(tmp_path: Path) -> None:
    path = xml(tmp_path, '<?xml version="1.0" encoding="ISO-8859-1"?><f><w><n>Coö</n></w></f>', "iso-8859-1")
    assert rows("xml", path, record="w")[0].values["n"] == "Coö"


def test_an_xml_file_that_does_not_name_its_encoding_is_read_with_the_configured_one(tmp_path: Path) -> None:
    path = xml(tmp_path, "<f><w><n>Coö</n></w></f>", "windows-1252")
    assert rows("xml", path, record="w", encoding="windows-1252")[0].values["n"] == "Coö"


@pytest.mark.parametrize(
    "declaration",
    [
        '<!DOCTYPE f [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE f [<!ENTITY a SYSTEM "file:///etc/hostname">]>',
    ],
)
def test_entities_in_xml_are_refused(tmp_path: Path, declaration: str) -> None:
    with pytest.raises(SourceError, match="declares entities"):
        rows("xml", xml(tmp_path, f"{declaration}<f><w><n>&a;</n></w></f>"), record="w")


def test_elements_within_elements_without_end_spoil_their_own_row_only(tmp_path: Path) -> None:
    deep = "<a>" * 3000 + "</a>" * 3000
    first, second = rows("xml", xml(tmp_path, f"<f><w><n>1</n>{deep}</w><w><n>2</n></w></f>"), record="w")
    assert (first.fault, first.values["n"]) == ("holds elements within elements, more than 200 deep", "1")
    assert second.fault is None


def test_a_web_page_is_no_empty_xml_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is a web page, and no export"):
        rows("xml", xml(tmp_path, "<html><body>Service unavailable</body></html>"), record="w")


def test_an_xml_file_that_breaks_off_is_an_error_and_no_shorter_feed(tmp_path: Path) -> None:
    reading = source("xml", xml(tmp_path, "<f><w><n>1</n></w>\n<w><n>2</n>"), record="w").snapshot()
    with pytest.raises(SourceError, match=r"is damaged in line 2, column \d+: no element found$"):
        list(reading)


def test_a_record_path_that_matches_nothing_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"has no element work; check source\.record"):
        source("xml", xml(tmp_path, "<f><w/></f>"), record="work").describe(whole=True)


def test_records_that_were_read_are_let_go(tmp_path: Path) -> None:
    path = xml(tmp_path, "<f>" + "<w><n>1</n></w>" * 20 + "</f>")
    file = reader("xml", path, record="w")
    elements = list(file._elements())
    assert all(len(element) == 0 for element in elements[:-1])


# GeoJSON, GeoPackage, Shapefile


def test_text_that_looks_like_a_date_or_number_stays_text_in_geojson(tmp_path: Path) -> None:
    path = text_file(
        tmp_path,
        '{"type":"FeatureCollection","features":['
        '{"type":"Feature","properties":{"nr":"0012","d":"2026-03-01","t":"2026-03-01T10:00:00+02:00","n":1,"l":["a"]},'
        '"geometry":{"type":"Point","coordinates":[5,52]}},'
        '{"type":"Feature","properties":{"nr":"0013","n":null},"geometry":null}]}',
        name="feed.geojson",
    )
    first, second = rows("geojson", path)
    assert first.values["nr"] == "0012"
    assert first.values["d"] == "2026-03-01"
    assert first.values["t"] == "2026-03-01T10:00:00+02:00"
    assert first.values["l"] == ["a"]
    assert shapely.from_wkb(first.geometry) == shapely.Point(5, 52)
    assert (second.number, second.geometry) == (2, None)


def features(folder: Path, *properties: str) -> Path:
    point = '"geometry": {"type": "Point", "coordinates": [4.75, 52.63]}'
    written = ",".join(f'{{"type": "Feature", {point}, "properties": {one}}}' for one in properties)
    return text_file(folder, f'{{"type": "FeatureCollection", "features": [{written}]}}', name="feed.geojson")


def entries(folder: Path, *written: str) -> Path:
    return text_file(folder, f'{{"type": "FeatureCollection", "features": [{",".join(written)}]}}', name="feed.geojson")


FEATURE = '{"type": "Feature", "geometry": {"type": "Point", "coordinates": [4, 52]}, "properties": {"nr": "2"}}'


@pytest.mark.parametrize("entry", ["null", "5", '{"type": "Feat", "properties": {"nr": "1"}}'])
def test_an_entry_that_is_no_feature_is_a_row_with_a_fault_and_never_left_out(tmp_path: Path, entry: str) -> None:
    first, second, third = rows("geojson", entries(tmp_path, FEATURE, entry, FEATURE))
    assert (second.number, second.fault) == (2, "is no GeoJSON feature")
    assert [(row.number, row.values["nr"], row.fault) for row in (first, third)] == [(1, "2", None), (3, "2", None)]


@pytest.mark.parametrize(
    ("geometry", "said"),
    [
        ('{"type": "MultiLineString", "coordinates": [[[4, 52], [4.1, 52]], null]}', "no GeoJSON"),
        ('{"type": "Polygon", "coordinates": [[[4, 52], [4.1, 52], [4, 52.1], [4, 52]], [[4.01]]]}', "no GeoJSON"),
        ('{"type": "GeometryCollection", "geometries": [{"type": "Arc", "coordinates": [1, 2]}]}', "'Arc'"),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # GDAL's own, of some of them
def test_a_geometry_of_which_gdal_leaves_a_part_out_is_a_fault_of_its_row(
    tmp_path: Path, geometry: str, said: str
) -> None:
    broken = f'{{"type": "Feature", "geometry": {geometry}, "properties": {{"nr": "1"}}}}'
    first, second = rows("geojson", entries(tmp_path, broken, FEATURE))
    assert said in str(first.fault)
    assert (first.values["nr"], second.fault) == ("1", None)


def test_a_number_that_is_none_does_not_end_the_reading_of_geojson(tmp_path: Path) -> None:
    odd = FEATURE.replace('"2"', '"1", "depth": NaN')
    assert [(row.number, row.values["nr"]) for row in rows("geojson", entries(tmp_path, FEATURE, odd, FEATURE))] == [
        (1, "2"), (2, "1"), (3, "2"),
    ]  # fmt: skip


def test_fields_within_fields_of_geojson_are_fields(tmp_path: Path) -> None:
    path = features(
        tmp_path,
        '{"nr": "1", "validity": {"from": "30.05.2022 10:00", "by": {"name": "x"}}, "roads": ["I-80", "I-35"]}',
        '{"nr": "2", "validity": null}',
    )
    assert {"validity.from", "validity.by.name"} < set(source("geojson", path).describe().fields)
    first, second = rows("geojson", path)
    assert first.values["validity.from"] == "30.05.2022 10:00"
    assert first.values["validity.by.name"] == "x"
    assert first.values["roads"] == ["I-80", "I-35"]
    assert second.values["validity.from"] is None


def test_true_and_false_stay_so_beside_an_empty_value(tmp_path: Path) -> None:
    path = features(tmp_path, '{"digs": true}', '{"digs": false}', '{"digs": null}')
    assert [row.values["digs"] for row in rows("geojson", path)] == [True, False, None]


def vector(path: Path, layer: str | None = None, count: int = 2, *, append: bool = False) -> Path:
    pyogrio.raw.write(
        path,
        geometry=shapely.to_wkb(shapely.points([[100_000 + i, 400_000] for i in range(count)])),
        field_data=[
            np.array([f"00{i}" for i in range(count)], object),
            np.array(["2026-04-01"] * count, "datetime64[D]"),
        ],
        fields=["nr", "van"],
        crs="EPSG:28992",
        geometry_type="Point",
        layer=layer,
        append=append,
    )
    return path


@pytest.mark.parametrize(("kind", "name"), [("gpkg", "w.gpkg"), ("shapefile", "w.shp")])
def test_a_table_with_geometry_tells_its_crs_and_keeps_its_values(tmp_path: Path, kind: str, name: str) -> None:
    path = vector(tmp_path / name)
    description = source(kind, path).describe()
    assert description.crs is not None
    assert description.crs.to_epsg() == 28992
    assert description.row_count == 2
    assert [(row.values["nr"], row.values["van"]) for row in rows(kind, path)] == [
        ("000", "2026-04-01"),
        ("001", "2026-04-01"),
    ]


def test_a_large_layer_is_read_in_batches_without_losing_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meekoppel_connectors.sources.vector.features.BATCH", 3)
    found = rows("gpkg", vector(tmp_path / "w.gpkg", count=8))
    assert [(row.number, row.values["nr"]) for row in found] == [(i + 1, f"00{i}") for i in range(8)]


def test_of_several_layers_one_must_be_named(tmp_path: Path) -> None:
    path = vector(tmp_path / "w.gpkg", "werken")
    vector(path, "oud", append=True)
    with pytest.raises(SourceError, match=r"set source\.layer to one of werken, oud"):
        source("gpkg", path).describe()
    with pytest.raises(SourceError, match="has no layer 'nieuw'; it has werken, oud"):
        source("gpkg", path, layer="nieuw").describe()
    assert len(rows("gpkg", path, layer="oud")) == 2


def test_the_feature_number_can_be_an_id_in_a_geopackage_but_not_in_a_shapefile(tmp_path: Path) -> None:
    assert "fid" in rows("gpkg", vector(tmp_path / "w.gpkg"))[0].values
    assert "fid" not in rows("shapefile", vector(tmp_path / "w.shp"))[0].values


def test_whole_numbers_are_exact_also_beside_an_empty_one(tmp_path: Path) -> None:
    path = features(tmp_path, '{"nr": 9007199254740993, "n": 1}', '{"nr": null, "n": null}')
    assert [row.values["nr"] for row in rows("geojson", path)] == [9007199254740993, None]
    assert type(rows("geojson", path)[0].values["n"]) is int


def test_whole_numbers_that_gdal_would_round_are_refused(tmp_path: Path) -> None:
    path = features(tmp_path, '{"nr": 123456789012345678901}')
    with pytest.raises(SourceError, match="field nr has whole numbers too long to read exactly; export it as text"):
        rows("geojson", path)


def test_times_of_a_geopackage_keep_their_zone(tmp_path: Path) -> None:
    path = tmp_path / "w.gpkg"
    pyogrio.raw.write(
        path, shapely.to_wkb(shapely.points([[5, 52]] * 2)), [np.array(["2026-04-01T07:30"] * 2, "datetime64[ms]")],
        ["van"], geometry_type="Point", crs="EPSG:4326",
    )  # fmt: skip
    with closing(sqlite3.connect(path)) as database, database:
        for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {trigger}")  # they call functions that only GDAL's SQLite has
        database.execute("UPDATE w SET van = '2026-04-01T07:30:00.000Z' WHERE fid = 1")
        database.execute("UPDATE w SET van = '2026-04-01T07:30:00+02:00' WHERE fid = 2")
    moments = [datetime.fromisoformat(row.values["van"]) for row in rows("gpkg", path)]
    assert [moment.utcoffset() for moment in moments] == [timedelta(0), timedelta(hours=2)]


def test_a_geometry_of_a_kind_that_cannot_be_read_is_a_fault_of_its_row(tmp_path: Path) -> None:
    curve = bytes.fromhex("010800000003000000") + struct.pack("<6d", 0, 0, 1, 1, 2, 0)
    straight = shapely.to_wkb(shapely.LineString([[0, 0], [1, 1]]))
    path = tmp_path / "w.gpkg"
    pyogrio.raw.write(
        path, np.array([curve, straight], object), [np.array(["1", "2"], object)], ["nr"],
        geometry_type="Unknown", crs="EPSG:28992",
    )  # fmt: skip
    first, second = rows("gpkg", path)
    assert (first.values["nr"], first.geometry) == ("1", None)
    assert "of a kind that cannot be read, such as a curve" in str(first.fault)
    assert second.geometry == straight


def test_a_geopackage_that_is_damaged_half_way_is_an_error_and_no_shorter_source(tmp_path: Path) -> None:
    path = vector(tmp_path / "w.gpkg", count=3000)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = bytes(4096)
    path.write_bytes(content)
    with pytest.raises(SourceError, match="is damaged"):
        rows("gpkg", path)


def test_a_table_without_geometry_gives_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "w.gpkg"
    pyogrio.raw.write(path, None, [np.array(["1", "2"], object)], ["nr"], geometry_type=None)
    assert [(row.values["nr"], row.geometry) for row in rows("gpkg", path)] == [("1", None), ("2", None)]


@pytest.mark.filterwarnings("error")
def test_a_file_of_another_format_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is not geojson but GPKG"):
        source("geojson", vector(tmp_path / "w.gpkg")).describe()


@pytest.mark.parametrize("kind", ["geojson", "gpkg", "shapefile"])
def test_a_file_that_gdal_cannot_read_is_said(tmp_path: Path, kind: str) -> None:
    with pytest.raises(SourceError, match=f"cannot be read as {kind}"):
        source(kind, text_file(tmp_path, "nonsense")).describe()


@pytest.mark.parametrize("kind", ["geojson", "gpkg", "shapefile", "csv", "xlsx", "xml"])
def test_a_file_that_is_not_there_is_said(tmp_path: Path, kind: str) -> None:
    options = {"record": "w"} if kind == "xml" else {}
    with pytest.raises(SourceError, match="there is no such file"):
        source(kind, tmp_path / "none", **options).describe()
