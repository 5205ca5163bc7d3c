from __future__ import annotations

import gzip
import os
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyogrio
import pytest
import shapely
from pydantic import ValidationError

from meekoppel_connectors.errors import SourceAway, SourceError
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.sources.opening import open_source, source_class
from meekoppel_connectors.sources.places.settling import Settling
from tests.connectors.web import Asked, Reply, Web, web


def settings(path: str | Path, kind: str = "csv", **options: Any) -> Any:
    if kind in {"csv", "xlsx", "xml"}:
        options.setdefault("geometry", {"wkt": "geom"})
    return source_class(kind).settings_type.model_validate({"format": kind, "path": path, **options})


def source(path: str | Path, kind: str = "csv", **options: Any) -> Any:
    return open_source(settings(path, kind, **options))


def numbers(path: str | Path, **options: Any) -> list[str]:
    return [row.values["nr"] for row in source(path, **options).snapshot()]


def exports(folder: Path, **files: str) -> Path:
    """Write CSV files, each an hour newer than the one before, the last an hour old."""
    folder.mkdir(exist_ok=True)
    for age, (name, text) in enumerate(reversed(files.items()), start=1):
        path = folder / f"{name}.csv"
        path.write_text(f"nr\n{text}\n", encoding="utf-8")
        os.utime(path, (time.time() - age * 3600,) * 2)
    return folder


@pytest.fixture
def site() -> Iterator[Web]:
    with web() as served:
        yield served


# Folders and patterns


def test_the_newest_file_of_a_folder_is_the_one_that_was_modified_last(tmp_path: Path) -> None:
    folder = exports(tmp_path / "exports", z_old="1", a_new="2")
    (folder / "readme.md").write_text("not an export")
    assert numbers(folder, pick="newest") == ["2"]


def test_all_files_of_a_pattern_are_one_snapshot_and_each_row_names_its_file(tmp_path: Path) -> None:
    folder = exports(tmp_path / "exports", b="2", a="1", other="3")
    rows: list[SourceRow] = list(source(folder / "[ab].csv", pick="all").snapshot())
    assert [row.values for row in rows] == [{"nr": "1", "@file": "a.csv"}, {"nr": "2", "@file": "b.csv"}]


def test_a_folder_that_can_hold_several_files_needs_a_choice(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"can name several files \(now 1\); set source\.pick to newest .* or to all"):
        source(exports(tmp_path / "exports", a="1")).describe()


def test_a_folder_without_files_is_an_error_and_no_source_without_plans(tmp_path: Path) -> None:
    (tmp_path / "exports").mkdir()
    with pytest.raises(SourceError, match="holds no file of this format"):
        numbers(tmp_path / "exports", pick="all")
    with pytest.raises(SourceError, match="holds no file"):
        numbers(tmp_path / "*.csv", pick="newest")
    with pytest.raises(SourceError, match="there is no such folder"):
        numbers(tmp_path / "none" / "*.csv", pick="newest")


def test_a_column_that_one_of_the_files_lacks_is_not_promised(tmp_path: Path) -> None:
    folder = exports(tmp_path / "exports", a="1", b="2")
    (folder / "b.csv").write_text("nr;title\n2;x\n")
    assert source(folder, pick="all", settle_seconds=0).describe().fields == ("nr", "@file")


def test_files_of_one_source_share_a_crs(tmp_path: Path) -> None:
    for name, crs in (("a", "EPSG:28992"), ("b", "EPSG:4326")):
        pyogrio.raw.write(
            tmp_path / f"{name}.gpkg", shapely.to_wkb(shapely.points([[5, 52]])), [np.array(["1"], object)], ["nr"],
            geometry_type="Point", crs=crs,
        )  # fmt: skip
    with pytest.raises(SourceError, match=r"b\.gpkg: is in another CRS than a\.gpkg"):
        source(tmp_path / "*.gpkg", "gpkg", pick="all", settle_seconds=0).describe()


def test_a_file_that_is_being_written_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("nr\n")

    def write() -> None:
        for number in range(6):
            time.sleep(0.2)
            with path.open("a") as file:
                file.write(f"{number}\n")

    writer = threading.Thread(target=write)
    writer.start()
    found = numbers(tmp_path, pick="newest", settle_seconds=0.8)
    writer.join()
    assert found == ["0", "1", "2", "3", "4", "5"]


def test_a_file_that_is_written_for_ever_is_given_up_for_now() -> None:
    moment = 1_000.0
    settling = Settling(settings("exports"), now=lambda: moment)
    assert not settling.at_rest({"a": (0, moment)})
    moment += 66
    with pytest.raises(SourceAway, match="is still being written"):
        settling.at_rest({"a": (1, moment)})


def test_a_file_of_the_past_is_read_at_once_and_one_of_the_future_when_it_was_seen_at_rest() -> None:
    moment = 1_000.0
    assert Settling(settings("exports"), now=lambda: moment).at_rest({"a": (1, moment - 10)})
    settling = Settling(settings("exports"), now=lambda: moment)
    assert not settling.at_rest({"a": (1, moment + 90)})
    moment += 5
    assert settling.at_rest({"a": (1, 1_090.0)})


def test_a_file_that_changes_while_it_is_read_is_no_snapshot(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("nr\n1\n2\n")
    reading = source(path).snapshot()
    next(reading)
    path.write_text("nr\n1\n2\n3\n")
    with pytest.raises(SourceAway, match="changed while it was read"):
        list(reading)


def test_a_file_that_changes_between_its_description_and_its_rows_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("nr;title\n1;x\n")
    file = source(path)
    file.describe()
    path.write_text("nr\n1\n")
    with pytest.raises(SourceAway, match="changed while it was read"):
        list(file.snapshot())
    assert [row.values for row in file.snapshot()] == [{"nr": "1"}]


# Archives


def shapefile(folder: Path) -> Path:
    pyogrio.raw.write(
        folder / "works.shp", shapely.to_wkb(shapely.points([[100_000, 400_000]])), [np.array(["007"], object)], ["nr"],
        geometry_type="Point", crs="EPSG:28992",
    )  # fmt: skip
    path = folder / "works.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in folder.glob("works.*"):
            if part.suffix != ".zip":
                archive.write(part, f"export/{part.name}")
        archive.writestr("export/readme.txt", "about")
    return path


def test_a_zipped_shapefile_is_read_with_all_its_parts(tmp_path: Path) -> None:
    works = source(shapefile(tmp_path), "shapefile")
    assert works.describe().crs.to_epsg() == 28992
    assert [row.values["nr"] for row in works.snapshot()] == ["007"]


def test_an_archive_of_several_files_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.csv", "nr\n1\n")
        archive.writestr("b.csv", "nr\n2\n")
    with pytest.raises(SourceError, match=r"two\.zip: .* one file ending in \.csv.*; it holds a\.csv, b\.csv"):
        numbers(tmp_path / "two.zip")


def test_a_gzip_file_is_read_up_to_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"nr\n" + (b"1" * 1000 + b"\n") * 1500))
    assert len(numbers(path, limit_mb=2)) == 1500
    with pytest.raises(SourceError, match=r"a\.csv\.gz: unpacks to more than 1,048,576 bytes"):
        numbers(path, limit_mb=1)
    path.write_bytes(gzip.compress(b"nr\n1\n" * 1000)[:-20])
    with pytest.raises(SourceError, match="cannot be unpacked, since it is damaged or cut off"):
        numbers(path)


def test_a_workbook_is_no_archive_around_a_file(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["nr"])
    book.active.append(["007"])
    book.save(tmp_path / "a.xlsx")
    assert [row.values["nr"] for row in source(tmp_path / "a.xlsx", "xlsx").snapshot()] == ["007"]


# HTTP


def versioned(content: bytes) -> Any:
    def page(asked: Asked) -> Reply:
        tag = f'"{len(content)}"'
        if asked.headers.get("if-none-match") == tag:
            return Reply(status=304)
        return Reply(content, headers={"ETag": tag})

    return page


def test_a_file_behind_an_address_is_fetched_once_for_description_and_rows(site: Web) -> None:
    site.pages["/export.csv"] = b"nr\n007\n"
    file = source(f"{site.url}/export.csv?key=x")
    assert file.describe().fields == ("nr",)
    assert [row.values["nr"] for row in file.snapshot()] == ["007"]
    assert len(site.asked) == 1
    assert file.settings.place == f"{site.url}/export.csv"


def test_a_file_that_did_not_change_at_the_server_is_read_from_what_was_kept(site: Web, tmp_path: Path) -> None:
    site.pages["/export"] = versioned(b"nr\n1\n")
    assert numbers(f"{site.url}/export", kept=tmp_path / "kept") == ["1"]
    assert numbers(f"{site.url}/export", kept=tmp_path / "kept") == ["1"]
    assert [asked.headers.get("if-none-match") for asked in site.asked] == [None, '"5"']
    site.pages["/export"] = versioned(b"nr\n1\n2\n")
    assert numbers(f"{site.url}/export", kept=tmp_path / "kept") == ["1", "2"]
    assert len(list((tmp_path / "kept").glob("*/*.csv"))) == 1


def test_a_kept_file_that_is_damaged_is_fetched_anew(site: Web, tmp_path: Path) -> None:
    site.pages["/export"] = versioned(b"nr\n1\n")
    numbers(f"{site.url}/export", kept=tmp_path)
    next(tmp_path.glob("*/*.csv")).write_bytes(b"nr\n")
    assert numbers(f"{site.url}/export", kept=tmp_path) == ["1"]


def test_a_file_that_breaks_off_leaves_the_kept_one_as_it_was(site: Web, tmp_path: Path) -> None:
    site.pages["/export"] = versioned(b"nr\n1\n")
    numbers(f"{site.url}/export", kept=tmp_path)
    site.pages["/export"] = Reply(b"nr\n1\n2\n", declared_length=100)
    with pytest.raises(SourceAway, match="broke off"):
        numbers(f"{site.url}/export", kept=tmp_path)
    site.pages["/export"] = versioned(b"nr\n1\n")
    assert numbers(f"{site.url}/export", kept=tmp_path) == ["1"]
    assert site.asked[-1].headers["if-none-match"] == '"5"'


def test_a_file_that_is_not_what_it_should_be_is_named_by_its_address(site: Web) -> None:
    site.pages["/export"] = b"<html>log in</html>"
    with pytest.raises(SourceError) as caught:
        source(f"{site.url}/export", "geojson").describe()
    assert str(caught.value).startswith(f"{site.url}/export: cannot be read as geojson")


def test_a_zip_behind_an_address_is_unpacked(site: Web, tmp_path: Path) -> None:
    site.pages["/download"] = shapefile(tmp_path).read_bytes()
    assert [row.values["nr"] for row in source(f"{site.url}/download", "shapefile").snapshot()] == ["007"]


# Settings


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("", "is empty"),
        ("ftp://host/a.csv", "not by ftp"),
        ("https://jan:geheim@host/a.csv", "user or password in the address"),
        ("sftp://host/a.csv", "sftp://user@host/folder/file.csv"),
        ("sftp://jan:geheim@host/a.csv", "password in the address"),
    ],
)
def test_a_location_that_cannot_be_is_refused_in_words_without_a_secret(path: str, problem: str) -> None:
    with pytest.raises(ValidationError, match=problem) as caught:
        settings(path)
    assert "geheim" not in caught.value.errors(include_url=False, include_input=False)[0]["msg"]


def test_what_is_fetched_is_kept_beside_the_state_unless_the_configuration_says_where(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    assert settings("https://host/a.csv").beside(state).kept == tmp_path / "state.db.fetched"
    kept = settings("https://host/a.csv", kept="here").in_folder(tmp_path).beside(state).kept
    assert kept == tmp_path / "here"


def test_only_local_paths_count_from_the_folder_of_the_configuration(tmp_path: Path) -> None:
    assert settings("a.csv").in_folder(tmp_path).path == str(tmp_path / "a.csv")
    assert settings("https://host/a.csv").in_folder(tmp_path).path == "https://host/a.csv"
    assert settings("a.csv", ca_file="ca.pem").in_folder(tmp_path).ca_file == tmp_path / "ca.pem"
