"""`meekoppel view at` and `meekoppel history plan`, as operators use them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from typer.testing import CliRunner

from meekoppel_contracts.codes import OrganisationKind, PlanEventType, Visibility
from meekoppel_hub.cli.main import program
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.organisations import register_organisation
from meekoppel_hub.testing.plan_events import plan_event
from tests.services.recorded import Recorded

DAYS = [datetime(2026, 9, day, 12, tzinfo=UTC) for day in (1, 10, 20)]
GEMEENTE, NETBEHEER = "NL.gemeente.1", "NL.netbeheer.1"


@pytest.fixture(autouse=True)
def hub(sqlite_database: Database, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub's database with two plans that meet; one moves, one becomes restricted."""
    monkeypatch.setenv("MEEKOPPEL_DATA_FOLDER", str(tmp_path))
    register_organisation(sqlite_database, "netbeheer", "Netbeheer", OrganisationKind.OTHER)
    told = {"visibility": Visibility.PUBLIC}
    view = Recorded(sqlite_database)
    view.at(DAYS[0], plan_event(GEMEENTE, **told), plan_event(NETBEHEER, **told))
    view.at(DAYS[1], plan_event(GEMEENTE, version=2, days=(4, 10), type=PlanEventType.CHANGED, **told))
    view.at(DAYS[2], plan_event(NETBEHEER, version=2, visibility=Visibility.RESTRICTED))


def run(*words: str) -> Any:
    result = CliRunner().invoke(program(words[0]), list(words))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def features(result: Any) -> dict[str, Any]:
    return {one["id"]: one["properties"] for one in map(json.loads, result.stdout.splitlines())}


def test_the_view_at_a_moment_is_written_one_feature_a_line() -> None:
    result = run("view", "at", "2026-09-05")

    assert {plan_id: about["version"] for plan_id, about in features(result).items()} == {GEMEENTE: 1}
    assert "1 plans as of 2026-09-05T00:00:00Z" in result.stderr


@pytest.mark.parametrize(
    ("words", "seen"),
    [
        (["--everything"], {GEMEENTE: 2, NETBEHEER: 1}),
        (["--for", "netbeheer"], {GEMEENTE: 2, NETBEHEER: 1}),
        (["--everything", "--organisation", "netbeheer"], {NETBEHEER: 1}),
        (["--everything", "--to", "2027-02-01"], {}),
    ],
)
def test_who_may_see_more_gets_more_and_options_are_about_then(words: list[str], seen: dict[str, int]) -> None:
    result = run("view", "at", "2026-09-15", *words)

    assert {plan_id: about["version"] for plan_id, about in features(result).items()} == seen


def test_overlaps_at_a_moment_are_as_they_were_told() -> None:
    first, last = (
        features(run("view", "at", day, "--overlaps", "--everything")) for day in ("2026-09-05", "2026-09-25")
    )

    assert [(one["revision"], one["state"]) for one in first.values()] == [(1, "open")]
    assert [one["revision"] for one in last.values()] == [4]


@pytest.mark.parametrize(("moment", "said"), [("2099-01-01", "has not come yet"), ("soon", "is no time")])
def test_a_moment_that_cannot_be_is_refused_in_words(moment: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        run("view", "at", moment)


def test_the_history_of_a_plan_tells_what_each_version_changed() -> None:
    lines = run("history", "plan", GEMEENTE).stdout.splitlines()

    assert lines[0] == "version 1: registered by gemeente, recorded 2026-09-01 12:00 UTC"
    assert lines[1] == "version 2: changed by gemeente, recorded 2026-09-10 12:00 UTC"
    assert lines[2] == "    earliest start 4 days later: from 2027-03-01 to 2027-03-05"


def test_the_history_of_a_plan_is_told_in_dutch_and_as_json() -> None:
    assert "vroegste start 4 dagen later" in run("history", "plan", GEMEENTE, "--language", "nl").stdout

    entries = [json.loads(line) for line in run("history", "plan", GEMEENTE, "--json").stdout.splitlines()]
    assert [entry["compared_with"] for entry in entries] == [None, 1]
    assert entries[1]["differences"][0]["days"] == 4


def test_the_history_of_a_plan_that_may_not_be_shown_is_refused() -> None:
    for plan_id in (NETBEHEER, "NL.unknown.1"):  # the first was public until it became restricted
        with pytest.raises(SettingsError, match=f"there is no plan {plan_id} that may be shown"):
            run("history", "plan", plan_id)
    assert "version 1" in run("history", "plan", NETBEHEER, "--for", "netbeheer").stdout
