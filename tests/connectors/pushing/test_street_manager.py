from __future__ import annotations

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml
from aiohttp.test_utils import TestClient, TestServer

from meekoppel_connectors.config import load_config
from meekoppel_connectors.pushing.keeping import Keeper
from meekoppel_connectors.pushing.publishing import Publisher
from meekoppel_connectors.pushing.server import PushServer
from meekoppel_connectors.pushing.sns import Sns
from meekoppel_connectors.sources.pushed.push import PushSettings
from meekoppel_connectors.state import open_state
from meekoppel_connectors.status import read_status
from meekoppel_connectors.templates.library import template
from tests.connectors.pushing.signing import NOW, TOPIC, Signer
from tests.connectors.test_sources_street_manager import PERMIT

SIGNER = Signer()


def permit(title: str, time: str) -> dict[str, Any]:
    return {**PERMIT, "event_time": time, "object_data": {**PERMIT["object_data"], "street_name": title}}


@asynccontextmanager
async def taking(folder: Path) -> AsyncIterator[TestClient[Any, Any]]:
    """A server with the ready mapping; in this process, since SNS itself cannot be asked for its certificate."""
    content = yaml.safe_load(template("street-manager").text)
    content["source"] = {
        "format": "push", "messages": "street-manager", "topics": [TOPIC], "geometry": {"wkt": "coordinates"},
    }  # fmt: skip
    path = folder / "connector.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    config = load_config(path)
    settings = config.source
    assert isinstance(settings, PushSettings)
    with ThreadPoolExecutor(1) as thread:
        state = open_state(config.state, config.organisation, NOW)
        keeper = thread.submit(lambda: Keeper(config, state.__enter__(), NOW, settings.waiting_limit)).result()
        sns = Sns(settings.topics, fetch=SIGNER.fetch, clock=lambda: NOW)
        server = PushServer(settings, keeper, Publisher(config), thread, sns=sns, clock=lambda: NOW)
        async with TestClient(TestServer(server.application())) as client:
            yield client
        thread.submit(keeper.end, NOW).result()
        thread.submit(state.__exit__, None, None, None).result()


async def post(client: TestClient[Any, Any], message: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    async with client.post("/plans", json=message) as answer:
        return answer.status, await answer.json()


async def test_a_signed_permit_is_a_plan_and_an_older_message_undoes_nothing(tmp_path: Path) -> None:
    async with taking(tmp_path) as client:
        newer = SIGNER.notification(permit("NEW STREET", "2026-06-04T08:00:00.000Z"))
        older = SIGNER.notification(permit("OLD STREET", "2026-06-04T07:00:00.000Z"))
        assert await post(client, newer) == (202, {"accepted": 1, "registered": 1, "rejected": []})
        assert await post(client, newer) == (202, {"accepted": 1, "unchanged": 1, "rejected": []})
        assert await post(client, older) == (202, {"accepted": 1, "older": 1, "rejected": []})


async def test_what_is_no_plan_is_taken_and_counted_with_its_reason(tmp_path: Path) -> None:
    async with taking(tmp_path) as client:
        section_58 = SIGNER.notification({**PERMIT, "object_type": "SECTION_58"})
        reason = "is a section 58 (a ban on works), and no plan"
        assert await post(client, section_58) == (202, {"accepted": 0, "ignored": reason, "rejected": []})
    (run,) = read_status(load_config(tmp_path / "connector.yaml")).runs
    assert run.counts == {f"ignored: {reason}": 1}


async def test_a_permit_that_is_no_plan_is_rejected_with_the_reason(tmp_path: Path) -> None:
    async with taking(tmp_path) as client:
        data = {**PERMIT["object_data"], "works_location_coordinates": None}
        status, body = await post(client, SIGNER.notification({**PERMIT, "object_data": data}))
        assert (status, body["accepted"]) == (422, 0)
        assert [each["reason"] for each in body["rejected"]] == ["geometry_missing"]
    (kept,) = read_status(load_config(tmp_path / "connector.yaml")).rejected
    assert kept.reason == "geometry_missing"


async def test_a_subscription_to_an_allowed_topic_is_confirmed_and_to_no_other(tmp_path: Path) -> None:
    async with taking(tmp_path) as client:
        SIGNER.fetched.clear()
        asked = SIGNER.confirmation("SubscriptionConfirmation")
        assert (await post(client, {**asked, "TopicArn": "arn:aws:sns:eu-west-2:1:evil"}))[0] == 401
        assert SIGNER.fetched == []
        assert (await post(client, asked))[0] == 202
        assert SIGNER.fetched[-1] == asked["SubscribeURL"]
