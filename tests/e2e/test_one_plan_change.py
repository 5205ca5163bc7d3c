"""One plan change, all the way: a file, Kafka, the view, a signed webhook, and back out of the history."""

from __future__ import annotations

import asyncio
import json
import subprocess

import httpx
import pytest
from aiohttp import web
from standardwebhooks import Webhook

from meekoppel_contracts import topics
from meekoppel_hub.platform.kafka import ensure_topics
from meekoppel_hub.platform.subscriptions import SubscriptionRequest, add_subscription
from tests.e2e.hub_process import BIN, Connector, HubProcess, row

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


class Receiver:
    """A web server of an affected party, which checks each signature with the Standard Webhooks library."""

    def __init__(self) -> None:
        self.secret = ""
        self.bodies: list[dict] = []

    async def __aenter__(self):
        app = web.Application()
        app.router.add_post("/hook", self._receive)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/hook"
        return self

    async def __aexit__(self, *_):
        await self._runner.cleanup()

    async def _receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        Webhook(self.secret).verify(body, dict(request.headers))  # raises: 500, and the test fails on what is missing
        self.bodies.append(json.loads(body))
        return web.Response(status=204)


async def test_from_file_to_webhook_and_back_out_of_the_history(hub: HubProcess, tmp_path):
    for code in ("waternet", "gemeente"):
        hub.register(code)
    running = await asyncio.to_thread(hub.start)
    water, town = Connector(tmp_path, "waternet"), Connector(tmp_path, "gemeente")
    water.write([row(1, "waternet", 155_000, 463_000), row(2, "waternet", 156_000, 463_000)])
    town.write([row(1, "gemeente", 155_010, 463_000)])

    async with Receiver() as receiver:
        request = SubscriptionRequest("waternet", "planning desk", receiver.url, own_overlaps=True)
        _, receiver.secret = add_subscription(hub.database, request, allow_private=True)
        await asyncio.to_thread(water.run, running.bootstrap)
        await asyncio.to_thread(town.run, running.bootstrap)
        await hub.settle(running.bootstrap)
        town.write([row(1, "gemeente", 155_010, 463_000, begin="01-06-2028", eind="01-07-2028")])
        await asyncio.to_thread(town.run, running.bootstrap, "--open-guard")
        await hub.settle(running.bootstrap)

    told = [(body["subject"], body["data"]["change"], body["data"]["overlap"]["kind"]) for body in receiver.bodies]
    assert told == [
        ("NL.waternet.2027-00001", "detected", "conflict_light"),
        ("NL.waternet.2027-00001", "resolved", "conflict_light"),
    ]

    async with httpx.AsyncClient(base_url=running.api_url) as api:
        versions = (await api.get("/plans/NL.gemeente.2027-00001/versions")).json()
        health = await api.get("/health")
    assert "conflict" in json.dumps(told)
    assert [version["type"] for version in versions["versions"]] == ["registered", "changed"]
    assert versions["versions"][1]["changed_fields"] == ["period"]
    assert health.status_code == 200

    replay = await asyncio.to_thread(
        subprocess.run,
        [BIN / "meekoppel", "history", "replay", "--plan", "NL.gemeente.2027-00001", "--format", "jsonl"],
        env=hub.environment | {"MEEKOPPEL_KAFKA_BOOTSTRAP": running.bootstrap},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [json.loads(line) for line in replay.stdout.splitlines()]
    assert [line["version"] for line in lines] == [1, 2]
    assert hub.stop() == 0


async def test_a_second_start_goes_on_where_the_first_stopped(hub_folder, tmp_path):
    hub = HubProcess(hub_folder / "hub")
    try:
        hub.register("waternet")
        running = await asyncio.to_thread(hub.start)
        connector = Connector(tmp_path, "waternet")
        connector.write([row(number, "waternet", 155_000 + number, 463_000) for number in range(1, 21)])
        await asyncio.to_thread(connector.run, running.bootstrap)
        await hub.settle(running.bootstrap)
        assert hub.stop() == 0

        running = await asyncio.to_thread(hub.start)
        connector.write([row(number, "waternet", 155_000 + number, 463_001) for number in range(1, 21)])
        await asyncio.to_thread(connector.run, running.bootstrap, "--open-guard")
        await hub.settle(running.bootstrap)
        view, _ = hub.view()
        assert {version for version, _, _ in view.values()} == {2}
        assert hub.handled() == 40
    finally:
        hub.close()


async def test_what_intake_refuses_comes_back_to_the_sender(hub_folder, tmp_path):
    hub = HubProcess(hub_folder / "hub")
    try:
        hub.register("waternet")  # it may publish for itself alone
        running = await asyncio.to_thread(hub.start)
        connector = Connector(tmp_path, "waternet")
        connector.write([row(1, "waternet", 155_000, 463_000), row(2, "somebody-else", 155_000, 463_000)])
        await asyncio.to_thread(connector.run, running.bootstrap)
        await hub.settle(running.bootstrap)
        await ensure_topics(running.bootstrap, topics.organisation_topics(connector.organisation, 1))
        view, _ = hub.view()
        assert set(view) == {"NL.waternet.2027-00001"}
        shown = subprocess.run(
            [BIN / "meekoppel", "organisations", "show", "waternet"],
            env=hub.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert "rejected" in shown.stdout
    finally:
        hub.close()
