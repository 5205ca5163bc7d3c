"""Files that are made to hurt whoever opens them: archives that unpack to too much, XML that looks outside."""

from __future__ import annotations

import struct
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import openpyxl
import pytest

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.sources.opening import open_source, source_class
from meekoppel_connectors.sources.places.unpacking import UnpackingLimits, refuse_bombs

MEGABYTE = 1024 * 1024
SMALL = UnpackingLimits(total_bytes=4 * MEGABYTE, entries=5, ratio=100, unsuspicious_bytes=MEGABYTE)


def archive(folder: Path, *contents: bytes, method: int = zipfile.ZIP_DEFLATED) -> Path:
    path = folder / "feed.zip"
    with zipfile.ZipFile(path, "w", method) as file:
        for number, content in enumerate(contents):
            file.writestr(f"{number}.csv", content)
    return path


def noise(size: int) -> bytes:
    """Bytes that pack to about a third, as the XML of a sheet does."""
    return b"".join(b'<c r="A%d"><v>%d</v></c>' % (n, n * 7919 % 10_007) for n in range(size // 24))[:size]


def workbook(folder: Path, **parts: str) -> Path:
    """A workbook of which some parts are replaced."""
    plain = folder / "plain.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["nr", "titel"])
    book.active.append(["1", "Riool"])
    book.save(plain)
    path = folder / "werken.xlsx"
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            text = old.read(name).decode()
            new.writestr(name, parts.get(Path(name).stem, "{}").replace("{}", text))
    return path


def rows(kind: str, path: Path, **options: object) -> list[SourceRow]:
    settings = {"format": kind, "path": path, "geometry": {"wkt": "geom"}, **options}
    return list(open_source(source_class(kind).settings_type.model_validate(settings)).snapshot())


def test_an_ordinary_archive_passes(tmp_path: Path) -> None:
    refuse_bombs(archive(tmp_path, noise(MEGABYTE), b"nr;titel\n", b""), SMALL)


def test_an_archive_that_is_not_packed_passes_too(tmp_path: Path) -> None:
    refuse_bombs(archive(tmp_path, noise(MEGABYTE), method=zipfile.ZIP_STORED), SMALL)


def test_an_archive_that_unpacks_to_more_than_the_limit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="unpacks to more than 4 MB"):
        refuse_bombs(archive(tmp_path, *[noise(MEGABYTE)] * 5), SMALL)


def test_what_the_directory_of_an_archive_says_of_sizes_is_not_believed(tmp_path: Path) -> None:
    path = archive(tmp_path, noise(8 * MEGABYTE))
    data = bytearray(path.read_bytes())
    directory = data.rindex(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = struct.pack("<L", 1000)  # the unpacked size, as the directory has it
    path.write_bytes(data)
    with zipfile.ZipFile(path) as lying:
        assert lying.infolist()[0].file_size == 1000
    with pytest.raises(SourceError, match="unpacks to more than 4 MB"):
        refuse_bombs(path, SMALL)


def test_one_stretch_of_bytes_that_is_listed_many_times_counts_each_time(tmp_path: Path) -> None:
    path = archive(tmp_path, noise(2 * MEGABYTE))
    data = path.read_bytes()
    directory, end = data.rindex(b"PK\x01\x02"), data.rindex(b"PK\x05\x06")
    entry, tail = data[directory:end], bytearray(data[end:])
    tail[8:16] = struct.pack("<2HL", 3, 3, 3 * len(entry))
    path.write_bytes(data[:directory] + entry * 3 + tail)
    with pytest.raises(SourceError, match="unpacks to more than 4 MB"):
        refuse_bombs(path, SMALL)


def test_an_entry_that_unpacks_to_hundreds_of_times_its_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"unpacks to 100 times its size and more: 0\.csv"):
        refuse_bombs(archive(tmp_path, b"0" * 2 * MEGABYTE), SMALL)


def test_a_small_file_of_blanks_is_no_bomb(tmp_path: Path) -> None:
    refuse_bombs(archive(tmp_path, b" " * (MEGABYTE // 2)), SMALL)


def test_an_archive_of_too_many_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="archive of 6 files; at most 5"):
        refuse_bombs(archive(tmp_path, *[b"x"] * 6), SMALL)


def test_an_unusual_packing_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"packed in an unusual way \(0.csv\)"):
        refuse_bombs(archive(tmp_path, b"x" * 1000, method=zipfile.ZIP_LZMA), SMALL)


@pytest.mark.parametrize("kept", [0.5, 0.99])
def test_a_cut_archive_is_said_to_be_damaged(tmp_path: Path, kept: float) -> None:
    path = archive(tmp_path, noise(MEGABYTE))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    with pytest.raises(SourceError, match="damaged"):
        refuse_bombs(path, SMALL)


def test_a_workbook_that_is_a_bomb_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path, sheet1="{}" + " " * (40 * MEGABYTE))
    assert path.stat().st_size < MEGABYTE
    with pytest.raises(SourceError, match="unpacks to 250 times its size"):
        rows("xlsx", path)


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'


@pytest.mark.parametrize("part", ["sheet1", "workbook", "styles"])
def test_a_workbook_whose_xml_declares_entities_is_refused(tmp_path: Path, part: str) -> None:
    with pytest.raises(SourceError, match=r"declares entities|is not an XLSX workbook"):
        rows("xlsx", workbook(tmp_path, **{part: LAUGHS + "{}"}))


def test_a_workbook_whose_sheet_breaks_off_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="damaged"):
        rows("xlsx", workbook(tmp_path, sheet1="{}<"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le"])
def test_entities_are_refused_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "feed.xml"
    declared = "" if encoding == "utf-8" else '<?xml version="1.0" encoding="UTF-16"?>'
    text = f"{declared}{LAUGHS}<f><w><n>&c;</n></w></f>".encode(encoding)
    path.write_bytes(b"\xff\xfe" + text if encoding == "utf-16-le" else text)
    with pytest.raises(SourceError, match="declares entities"):
        rows("xml", path, record="w")


def test_utf_7_in_which_a_declaration_can_hide_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    text = f"{LAUGHS}<f><w><n>&c;</n></w></f>".encode("utf-7")
    path.write_bytes(b'<?xml version="1.0" encoding="UTF-7"?>' + text)
    with pytest.raises(SourceError):
        rows("xml", path, record="w")
    with pytest.raises(SourceError):
        rows("xml", path, record="w", encoding="utf-7")


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """An address, and what was asked of it."""
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<!ENTITY a 'from outside'>")

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", paths
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    "declaration",
    [
        '<!DOCTYPE f SYSTEM "{}/x.dtd">',
        '<!DOCTYPE f PUBLIC "x" "{}/x.dtd">',
        '<!DOCTYPE f [<!ENTITY a SYSTEM "{}/x.txt">]>',
        '<!DOCTYPE f [<!ENTITY % a SYSTEM "{}/x.dtd"> %a;]>',
    ],
)
def test_nothing_outside_an_xml_file_is_fetched(tmp_path: Path, asked: tuple[str, list[str]], declaration: str) -> None:
    address, paths = asked
    path = tmp_path / "feed.xml"
    path.write_text(f"{declaration.format(address)}<f><w><n>&a;</n></w></f>", encoding="utf-8")
    with pytest.raises(SourceError):
        rows("xml", path, record="w")
    assert paths == []


def test_an_external_dtd_alone_is_passed_over_and_not_fetched(tmp_path: Path, asked: tuple[str, list[str]]) -> None:
    address, paths = asked
    path = tmp_path / "feed.xml"
    path.write_text(f'<!DOCTYPE f SYSTEM "{address}/x.dtd"><f><w><n>1</n></w></f>', encoding="utf-8")
    assert [row.values for row in rows("xml", path, record="w")] == [{"n": "1"}]
    assert paths == []
