"""Two organisations that meet: one answers by Kafka alone, with nothing of ours; the other by the API."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.e2e.hub_process import BIN, Connector, row

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
CLIENT = Path(__file__).parents[2] / "docs" / "examples" / "answer_by_kafka.py"


def answered_by_kafka(running, organisation: str, answer: str) -> str:
    """Run the example client as a program of its own."""
    command = [sys.executable, CLIENT, running.bootstrap, f"{running.api_url}/registry", organisation, answer]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


async def decided(api: httpx.AsyncClient, token: str, answer: httpx.Response) -> dict:
    """Wait until the hub has decided on a request."""
    assert answer.status_code == 202, answer.text
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = await api.get(answer.headers["location"], headers={"Authorization": f"Bearer {token}"})
        if found.status_code == 200 and found.json()["outcome"] != "waiting":
            return found.json()
        await asyncio.sleep(0.1)
    raise AssertionError("the hub did not decide in 30 s")


async def test_who_meet_answer_and_agree_by_kafka_alone_and_by_the_api(hub, tmp_path):
    tokens = {code: hub.register(code) for code in ("waternet", "gemeente")}
    running = await asyncio.to_thread(hub.start)
    for number, code in enumerate(tokens):
        connector = Connector(tmp_path, code)
        connector.write([row(1, code, 155_000 + 10 * number, 463_000)])
        await asyncio.to_thread(connector.run, running.bootstrap)
    await hub.settle(running.bootstrap)

    said = await asyncio.to_thread(answered_by_kafka, running, "waternet", "yes")
    assert "yes, revision 1 of our assessment" in said
    assert "refused" not in said

    async with httpx.AsyncClient(base_url=running.api_url) as api:

        def as_(code: str) -> dict[str, str]:
            return {"Authorization": f"Bearer {tokens[code]}"}

        (pair,) = (await api.get("/overlaps", headers=as_("gemeente"))).json()["features"]
        order = {"answer": "no", "overlap_revision": pair["properties"]["revision"], "note": "Te laat voor ons"}
        asked = await api.post(f"/overlaps/{pair['id']}/assessments", headers=as_("gemeente"), json=order)
        assert (await decided(api, tokens["gemeente"], asked))["outcome"] == "accepted"
        shown = (await api.get(f"/overlaps/{pair['id']}/assessments", headers=as_("gemeente"))).json()
        assert {one["organisation"]: one["answer"] for one in shown["parties"]} == {"waternet": "yes", "gemeente": "no"}

        plans = ["NL.waternet.2027-00001", "NL.gemeente.2027-00001"]
        asked = await api.post("/cooperations", headers=as_("waternet"), json={"title": "Samen open", "plans": plans})
        named = asked.json()["cooperation_id"]
        assert (await decided(api, tokens["waternet"], asked))["event_id"] == f"{named}/1"
        path = f"/cooperations/{named}"
        asked = await api.post(f"{path}/answers", headers=as_("gemeente"), json={"answer": "yes"})
        assert (await decided(api, tokens["gemeente"], asked))["outcome"] == "accepted"
        window = {"starts": "2027-09-01T00:00:00Z", "ends": "2027-10-01T00:00:00Z"}
        asked = await api.post(f"{path}/agreement", headers=as_("gemeente"), json={"window": window})
        refused = await decided(api, tokens["gemeente"], asked)
        assert (refused["outcome"], refused["reason"]) == ("refused", "not_a_party")
        asked = await api.post(f"{path}/agreement", headers=as_("waternet"), json={"window": window})
        assert (await decided(api, tokens["waternet"], asked))["outcome"] == "accepted"
        agreed = (await api.get(path, headers=as_("gemeente"))).json()
        assert (agreed["state"], [event["type"] for event in agreed["history"]]) == (
            "agreed",
            ["proposed", "answered", "agreed"],
        )

    def command(*words: str) -> str:
        done = subprocess.run(
            [BIN / "meekoppel", *words], env=hub.environment, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    listed = json.loads(await asyncio.to_thread(command, "overlaps", "list", "--for", "waternet", "--json"))
    assert [one["id"] for one in listed] == [pair["id"]]
    told = await asyncio.to_thread(command, "overlaps", "assess", pair["id"], "no", "--as", "waternet", "--note", "Nee")
    assert told == f"Done: {pair['id']}/waternet/2.\n"
    shown = json.loads(await asyncio.to_thread(command, "overlaps", "show", pair["id"]))
    assert {one["answer"] for one in shown["assessments"]["parties"]} == {"no"}
    told = await asyncio.to_thread(command, "cooperations", "end", named, "done", "--as", "waternet")
    assert told == f"Done: {named}/4.\n"
    assert "done" in await asyncio.to_thread(command, "cooperations", "list")
    assert hub.stop() == 0
