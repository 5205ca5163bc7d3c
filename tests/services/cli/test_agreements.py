"""`meekoppel agreements`, `areas` and `moratoria`, as operators use them, with a running hub and without."""

from __future__ import annotations

import asyncio
import csv
import json
from pathlib import Path
from typing import Any

import pytest
from shapely import box
from structlog.testing import capture_logs
from typer.testing import CliRunner

from meekoppel_contracts import topics
from meekoppel_contracts.codes import OrganisationKind
from meekoppel_contracts.ids import OrgCode
from meekoppel_hub.cli.main import program
from meekoppel_hub.coordination.consume import CoordinationProcessor
from meekoppel_hub.hub import running_hub
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.kafka import ensure_topics
from meekoppel_hub.platform.organisations import register_organisation
from meekoppel_hub.platform.settings import HubSettings
from meekoppel_hub.testing.place_events import area_event, place_record
from meekoppel_hub.testing.plan_events import CRS, log_record, plan_event, zone
from meekoppel_hub.testing.scope import DirectScope
from tests.passing import passing_folder

AREA = "NL.gm0546.gemeente"
TOWN = box(90_000, 460_000, 96_000, 466_000)
FILE = f"ruleset: leiden\nversion: '1'\nareas: [{AREA}]\nlight_conflict_distance_m: 60\n"


def run(*words: str) -> Any:
    with capture_logs():  # the program itself sends them to standard error
        result = CliRunner().invoke(program(words[0]), list(words))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "afspraken.yaml"
    path.write_text(FILE, encoding="utf-8")
    return path


@pytest.fixture
def view(sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A view with an area in which two plans lie 50 m apart."""
    monkeypatch.setenv("MEEKOPPEL_DATA_FOLDER", str(tmp_path))
    processor = CoordinationProcessor(CRS)
    places = (box(93_000, 463_000, 93_010, 463_010), box(93_060, 463_000, 93_070, 463_010))
    plans = [plan_event(f"NL.o{n}.1", zones=[zone(place)]) for n, place in enumerate(places)]
    records = [*map(log_record, plans), place_record(area_event(AREA, TOWN))]
    processor.apply([processor.decode(record) for record in records], DirectScope(sqlite_database))
    return sqlite_database


def test_a_file_is_checked_without_a_hub(file):
    result = run("agreements", "check", str(file))
    assert result.exit_code == 0
    assert "light_conflict_distance_m: 0 → 60" in result.stdout


def test_every_mistake_in_a_file_is_told_with_its_line(file):
    file.write_text(FILE + "distanse: 1\nopportunity: {distance_m: -1}\n")
    result = run("agreements", "check", str(file))
    assert result.exit_code == 1
    assert "line 5: distanse" in result.stderr
    assert "line 6: opportunity.distance_m" in result.stderr


def test_a_template_can_be_written_to_a_file_and_checked(tmp_path):
    path = tmp_path / "region.yaml"
    path.write_text(run("agreements", "template", "region").stdout)
    assert run("agreements", "check", str(path)).exit_code == 0
    assert "city" in run("agreements", "template").stdout
    with pytest.raises(SettingsError, match="no template 'town'"):
        run("agreements", "template", "town")


def test_two_versions_are_compared_in_words_and_as_data(file):
    assert "one setting differs" in run("agreements", "diff", "national", str(file)).stdout
    found = json.loads(run("agreements", "diff", "national", str(file), "--json").stdout)
    assert found == [{"setting": "light_conflict_distance_m", "before": "0", "after": "60"}]


def test_what_is_no_file_template_or_agreement_is_refused(view):
    with pytest.raises(SettingsError, match="no file, no template"):
        run("agreements", "diff", "national", "NL.gm0546.none")


def test_a_simulation_gives_counts_examples_and_files(view, file, tmp_path):
    geojson, table = tmp_path / "a.geojson", tmp_path / "a.csv"
    where = ("--geojson", str(geojson), "--csv", str(table))
    result = run("agreements", "simulate", str(file), "--as", "gm0546", *where)
    assert "It concerns 2 plans" in result.stdout
    assert "added: NL.o0.1 and NL.o1.1" in result.stdout
    (feature,) = json.loads(geojson.read_text())["features"]
    assert (feature["geometry"]["type"], feature["properties"]["kind_after"]) == ("Point", "conflict_light")
    with table.open(encoding="utf-8-sig") as lines:
        (row,) = csv.DictReader(lines)
    assert (row["what"], row["rules"].split(",")[0]) == ("added", "leiden/1")
    counts = json.loads(run("agreements", "simulate", str(file), "--as", "gm0546", "--json").stdout)
    assert counts["pairs"] == {"added": {"conflict_light": 1}, "changed": {}, "removed": {}}


def test_nothing_is_listed_as_such(view):
    assert "No agreement was applied" in run("agreements", "list").stdout
    assert "There are none" in run("moratoria", "list").stdout
    assert AREA in run("areas", "list").stdout


def test_a_new_area_or_moratorium_needs_its_essentials(view):
    register_organisation(view, "gm0546", "Leiden", OrganisationKind.MUNICIPALITY)
    with pytest.raises(SettingsError, match="give --file, --name, --kind"):
        run("areas", "apply", "other", "--as", "gm0546", "--yes")
    with pytest.raises(SettingsError, match="give --file, --from, --title, --reason"):
        run("moratoria", "declare", "rust", "--as", "gm0546", "--yes")


def test_a_moratorium_that_ends_before_it_begins_is_refused_in_a_sentence(view, tmp_path):
    register_organisation(view, "gm0546", "Leiden", OrganisationKind.MUNICIPALITY)
    zone_file = tmp_path / "zone.wkt"
    zone_file.write_text(TOWN.wkt)
    said = ("--file", str(zone_file), "--from", "2027-12-01", "--until", "2026-01-01", "--title", "a", "--reason", "b")
    with pytest.raises(SettingsError, match=r"ends 2026-01-01 .* lies before starts"):
        run("moratoria", "declare", "rust", "--as", "gm0546", *said, "--yes")


def test_a_proposal_on_a_plan_that_is_not_seen_is_refused_before_it_is_sent(view):
    register_organisation(view, "o0", "Een", OrganisationKind.OTHER)
    with pytest.raises(SettingsError, match=r"no plan NL\.o1\.9 that o0 may see"):
        run("cooperations", "propose", "Samen", "--as", "o0", "--plan", "NL.o0.1", "--plan", "NL.o1.9")


def test_without_previous_tables_there_is_no_way_back_to_offer(view):
    with pytest.raises(SettingsError, match="no previous tables to go back to"):
        run("view", "back")
    assert "There are no previous tables" in run("view", "drop-previous").stdout


@pytest.mark.kafka
@pytest.mark.slow
async def test_on_a_running_hub_all_is_asked_for_through_the_inbox(file, tmp_path, monkeypatch):
    def fail(why: str) -> None:
        raise AssertionError(why)

    (tmp_path / "town.wkt").write_text(TOWN.wkt)
    (tmp_path / "zone.wkt").write_text(box(93_000, 463_000, 93_100, 463_010).wkt)
    with passing_folder() as folder:
        monkeypatch.setenv("MEEKOPPEL_DATA_FOLDER", str(folder / "hub"))
        settings = HubSettings(
            data_folder=folder / "hub", kafka_bootstrap="", kafka_port=0, database_url="", api_port=0
        )
        async with running_hub(settings, on_stall=fail) as hub:
            register_organisation(hub.database, "gm0546", "Leiden", OrganisationKind.MUNICIPALITY)
            await ensure_topics(hub.bootstrap, topics.organisation_topics(OrgCode("gm0546"), 1))

            async def out(*words: str) -> str:
                return (await asyncio.to_thread(run, *words, "--as", "gm0546", "--yes")).stdout

            border = ("--file", str(tmp_path / "town.wkt"), "--name", "Leiden", "--kind", "municipality")
            assert f"{AREA}/1" in await out("areas", "apply", "gemeente", *border)
            assert "All plans that it concerns" in await out("agreements", "apply", str(file))
            assert "nothing changed" in await out("agreements", "apply", str(file))
            file.write_text(FILE.replace("60", "70"))
            with pytest.raises(SettingsError, match="give these a new `version`"):
                await out("agreements", "apply", str(file))
            said = ("--title", "Rust", "--reason", "Nieuw.", "--from", "2027-01-01")
            zone_file = ("--file", str(tmp_path / "zone.wkt"))
            assert "rust/1" in await out("moratoria", "declare", "rust", *zone_file, *said)
            assert "rust/2" in await out("moratoria", "lift", "rust", "--reason", "Klaar.")
            assert "leiden/2" in await out("agreements", "end", "NL.gm0546.leiden")
            await hub.settle()
