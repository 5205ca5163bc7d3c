from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import insert

from meekoppel_contracts.codes import Visibility
from meekoppel_hub.platform.database.tables.stream import health
from meekoppel_hub.platform.stream.parking import SetAside, park
from meekoppel_hub.platform.stream.records import LogRecord, PartitionId
from tests.services.api.conftest import NOW
from tests.services.api.view_filling import plan


@pytest.fixture
def say(database):
    """Let a service say how it is."""

    def said(service: str, state: str = "running", ago: float = 0.0, instance: str = "a", detail: str = "") -> None:
        row = {
            "service": service,
            "instance": instance,
            "state": state,
            "detail": detail,
            "lag": 3,
            "handled": 10,
            "updated_at": NOW - timedelta(seconds=ago),
        }
        with database.begin() as connection:
            connection.execute(insert(health).values(row))

    return said


async def test_health_says_when_no_service_has_reported(api):
    answer = await api.get("/health")

    assert answer.status == 503
    assert "no service has reported" in answer.json["message"]


async def test_health_is_well_when_every_service_makes_progress(api, say):
    say("intake")
    say("coordination", "waiting")

    answer = await api.get("/health")

    assert answer.status == 200
    assert [one["service"] for one in answer.json["services"]] == ["coordination", "intake"]


async def test_health_counts_what_waits_for_an_operator(api, say, database):
    say("intake")
    record = LogRecord(PartitionId("plan-inbox.gm0361", 0), 7, 0, b"NL.gm0361.1", b"?", ())
    with database.begin() as connection:
        park(connection, "intake", [SetAside(record, "undecodable", "no plan")], NOW)

    (intake,) = (await api.get("/health")).json["services"]

    assert (intake["set_aside"], intake["healthy"]) == (1, True)


@pytest.mark.parametrize("state", ["halted", "stopped", "stalled"])
async def test_health_is_not_well_when_a_service_does_not_go_on(api, say, state):
    say("intake")
    say("coordination", state, detail="too many bad records")

    answer = await api.get("/health")

    assert answer.status == 503
    assert answer.json["message"] == f"coordination is {state}: too many bad records"


async def test_health_is_not_well_when_a_service_is_silent(api, say):
    say("intake", ago=300)

    answer = await api.get("/health")

    assert answer.status == 503
    assert "intake has said nothing for 300 seconds" in answer.json["message"]


async def test_an_instance_that_was_replaced_does_not_count(api, say):
    say("intake", "stopped", ago=100, instance="old")
    say("intake", ago=300, instance="killed")
    say("intake", instance="new")

    answer = await api.get("/health")

    assert answer.status == 200
    assert [one["instance"] for one in answer.json["services"]] == ["new"]


async def test_a_halted_instance_counts_beside_one_that_runs(api, say):
    say("intake", "halted", instance="one")
    say("intake", instance="two")

    assert (await api.get("/health")).status == 503


async def test_metrics_count_plans_lag_and_requests(api, view, say):
    view.put(plan("NL.gemeente.1"))
    say("intake")
    await api.get("/plans/NL.gemeente.1")

    text = (await api.get("/metrics")).text

    assert 'meekoppel_plans{status="planned"} 1.0' in text
    assert 'meekoppel_service_lag{instance="a",service="intake"} 3.0' in text
    assert re.search(r'meekoppel_api_requests_total\{route="/plans/\{plan_id:path\}",status="200"\} 1\.0', text)


async def test_the_front_page_loads_nothing_from_elsewhere_and_counts_what_is_public(api, view):
    view.put(plan("NL.gemeente.1"))
    view.put(plan("NL.gemeente.2", visibility=Visibility.RESTRICTED))

    answer = await api.get("/")

    assert answer.headers["Content-Type"].startswith("text/html")
    assert "<dt>public plans</dt><dd>1</dd>" in answer.text
    assert not re.search(r"<script|<link|src=|https?://", answer.text)


async def test_openapi_describes_every_route_with_an_example(api):
    described = (await api.get("/openapi.json")).json

    assert {"/plans", "/plans/{plan_id}", "/plans/{plan_id}/versions", "/overlaps", "/subscriptions", "/health"} <= set(
        described["paths"]
    )
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            assert operation["description"], f"{method} {path}"
            answers = {
                status: answer for status, answer in operation["responses"].items() if status in ("200", "201", "202")
            }
            assert answers, f"{method} {path}"
            for answer in answers.values():
                for content in answer["content"].values():
                    assert "example" in content or path == "/metrics", f"{method} {path}"


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/nothing-here"])
async def test_what_is_not_there_is_answered_in_json(api, path):
    answer = await api.get(path)

    assert (answer.status, answer.error) == (404, "not_found")


async def test_a_wrong_method_is_answered_in_json(api):
    answer = await api.ask("PUT", "/plans")

    assert (answer.status, answer.error) == (405, "refused")
