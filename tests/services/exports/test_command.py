"""`meekoppel export`: the command as operators use it."""

from __future__ import annotations

import csv
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from meekoppel_contracts.codes import OrganisationKind, Visibility
from meekoppel_hub.cli.main import program
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.organisations import register_organisation
from tests.services.api.view_filling import ViewFilling, plan

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture
def hub(sqlite_database, tmp_path, monkeypatch):
    """A hub's database with a public plan, and a restricted one that netbeheer may see."""
    monkeypatch.setenv("MEEKOPPEL_DATA_FOLDER", str(tmp_path))
    register_organisation(sqlite_database, "netbeheer", "Netbeheer", OrganisationKind.OTHER)
    view = ViewFilling(sqlite_database, NOW)
    view.put(plan("NL.gemeente.open"))
    view.put(plan("NL.gemeente.secret", visibility=Visibility.RESTRICTED, shared_with=["netbeheer"]))
    return tmp_path


def export(*words):
    result = CliRunner().invoke(program("export"), ["export", *words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def ids(path):
    with path.open(encoding="utf-8") as file:
        return [row["Plannummer"] for row in csv.DictReader(file)]


@pytest.mark.parametrize(
    ("words", "seen"),
    [
        ([], ["NL.gemeente.open"]),
        (["--for", "netbeheer"], ["NL.gemeente.open", "NL.gemeente.secret"]),
        (["--everything"], ["NL.gemeente.open", "NL.gemeente.secret"]),
    ],
)
def test_without_asking_for_more_only_what_is_public_is_written(hub, words, seen):
    out = hub / "plans.csv"

    result = export("plans", "--out", str(out), *words)

    assert ids(out) == seen
    assert f"{len(seen)} plans in {out}" in result.stderr


def test_an_organisation_that_is_not_registered_is_no_viewer(hub):
    with pytest.raises(SettingsError, match="no organisation has the code 'unknown'"):
        export("plans", "--for", "unknown", "--out", str(hub / "plans.csv"))


def test_an_export_that_fails_leaves_the_earlier_file(hub):
    out = hub / "plans.xlsx"
    out.write_text("earlier")

    with pytest.raises(SettingsError, match="EPSG:999999 cannot be written"):
        export("plans", "--format", "xlsx", "--crs", "999999", "--out", str(out))

    assert out.read_text() == "earlier"
    assert sorted(path.name for path in hub.glob("*plans*")) == ["plans.xlsx"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--bbox", "1,2,3"], "--bbox '1,2,3' is not"),
        (["--from", "yesterday"], "--from 'yesterday' is no day"),
        (["--for", "netbeheer", "--everything"], "exclude one another"),
        (["--bbox", "0,0,1,1", "--area", "town.geojson"], "both say where"),
        (["--area", "/nowhere/town.geojson"], "cannot be read"),
    ],
)
def test_what_cannot_be_asked_is_said_in_a_sentence(hub, words, message):
    with pytest.raises(SettingsError, match=message):
        export("plans", "--out", str(hub / "plans.csv"), *words)


def test_a_day_is_one_of_the_hubs_time_zone(hub):
    out = hub / "plans.csv"

    export("plans", "--to", "2027-03-01", "--out", str(out))  # it begins at 01:00 on that day in Amsterdam
    assert ids(out) == ["NL.gemeente.open"]
    export("plans", "--to", "2027-02-28", "--out", str(out))
    assert ids(out) == []


def test_without_a_file_the_export_goes_to_standard_output(hub):
    command = [str(Path(sys.executable).parent / "meekoppel"), "export", "plans", "--codes"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)

    assert result.stdout.splitlines()[1].startswith("NL.gemeente.open,")
    assert "1 plans" in result.stderr


def test_a_calendar_is_written_by_the_command_too(hub):
    out = hub / "plans.ics"

    export("calendar", "--out", str(out), "--language", "en")

    assert out.read_bytes().count(b"BEGIN:VEVENT") == 1


def test_a_report_is_of_an_area(hub):
    out = hub / "report.html"

    with pytest.raises(SettingsError, match="a report is of an area"):
        export("report", "--out", str(out))
    export("report", "--bbox", "142000,456500,144000,458500", "--since", "2026-09-01", "--out", str(out))

    assert "Afstemming van werken" in out.read_text(encoding="utf-8")
