from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from meekoppel_connectors.check import Finding, check_kafka, check_source
from meekoppel_contracts.ids import OrgCode
from meekoppel_contracts.topics import TopicSpec, inbox
from tests.connectors.feeds import NOW, ROW, configured, write_csv


def verdicts(findings: list[Finding]) -> dict[str, bool]:
    return {finding.subject: finding.ok for finding in findings}


def test_a_source_that_fits_its_configuration_is_ok_in_every_line(tmp_path: Path) -> None:
    write_csv(tmp_path / "feed.csv", [ROW, {**ROW, "nr": "7", "titel": ""}])
    findings = list(check_source(configured(tmp_path), NOW))
    assert verdicts(findings) == {"source": True, "fields": True, "crs": True, "rows": True}
    assert findings[-1].message == "1 of the first 2 rows become plans, 1 are rejected; see preview"


def test_a_field_that_the_source_lacks_is_named_with_what_was_perhaps_meant(tmp_path: Path) -> None:
    write_csv(tmp_path / "feed.csv", [ROW])
    findings = list(check_source(configured(tmp_path, {"title": {"template": "{Titel} {soort}"}}), NOW))
    failed = [finding.message for finding in findings if not finding.ok]
    assert failed[0] == "has no field 'Titel', which plan.title names; did you mean 'titel'?"
    assert failed[1].startswith("has no field 'soort', which plan.title names; it has nr, titel")


def test_a_source_that_does_not_open_fails_and_nothing_else_is_tried(tmp_path: Path) -> None:
    findings = list(check_source(configured(tmp_path), NOW))
    assert verdicts(findings) == {"source": False}


def test_a_source_without_a_crs_fails(tmp_path: Path) -> None:
    write_csv(tmp_path / "feed.csv", [ROW])
    source = {"format": "csv", "path": "feed.csv", "geometry": {"x": "x", "y": "y"}}
    assert verdicts(list(check_source(configured(tmp_path, source=source), NOW)))["crs"] is False


def test_a_mapping_by_which_no_row_becomes_a_plan_fails(tmp_path: Path) -> None:
    write_csv(tmp_path / "feed.csv", [{**ROW, "van": "1 april"}])
    *_, last = check_source(configured(tmp_path), NOW)
    assert (last.subject, last.ok) == ("rows", False)
    assert "none of the first 1 rows becomes a plan; row 2, van: '1 april' is not a date" in last.message


async def test_a_broker_that_does_not_answer_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        bootstrap = f"127.0.0.1:{taken.getsockname()[1]}"
        (finding,) = await check_kafka(configured(tmp_path, kafka={"bootstrap": bootstrap}))
    assert not finding.ok
    assert finding.message.startswith(f"No broker answers at {bootstrap}")


async def test_a_password_that_is_not_set_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MEEKOPPEL_KAFKA_PASSWORD", raising=False)
    kafka = {"bootstrap": "127.0.0.1:1", "security_protocol": "SASL_PLAINTEXT", "username": "gm0361"}
    (finding,) = await check_kafka(configured(tmp_path, kafka=kafka))
    assert "MEEKOPPEL_KAFKA_PASSWORD" in finding.message


async def test_the_inbox_of_the_organisation_must_be_there(
    tmp_path: Path,
    kafka_bootstrap: str,
    org_code: OrgCode,
    create_topics: Callable[[str, Sequence[TopicSpec]], Awaitable[None]],
) -> None:
    config = configured(tmp_path, organisation=org_code, kafka={"bootstrap": kafka_bootstrap})
    assert verdicts(await check_kafka(config)) == {"kafka": True, "inbox": False}
    await create_topics(kafka_bootstrap, [TopicSpec(inbox(org_code), 1, -1)])
    assert verdicts(await check_kafka(config)) == {"kafka": True, "inbox": True}
