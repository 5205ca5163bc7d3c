"""`meekoppel view rebuild` as an operator runs it, beside a hub that folds on; and killed in the middle."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import shapely

from meekoppel_contracts.codes import PlanEventType
from meekoppel_hub.coordination.digest import view_digest
from meekoppel_hub.hub import running_hub
from meekoppel_hub.platform.settings import HubSettings
from meekoppel_hub.testing.plan_events import plan_event, zone
from tests.passing import new_database, passing_folder

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

BIN = Path(sys.executable).parent
TOWN = [f"NL.{owner}.{number}" for owner in "abc" for number in range(100)]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgis)])
def settings(request, log):
    with passing_folder() as folder:
        given = {"data_folder": folder / "hub", "kafka_bootstrap": log.bootstrap, "api_port": 0}
        if request.param == "sqlite":
            yield HubSettings(**given)
            return
        with new_database(request.getfixturevalue("postgis_url"), "hub") as url:
            yield HubSettings(database_url=url, **given)


def command(settings: HubSettings, *words: str) -> subprocess.Popen[str]:
    environment = os.environ | {
        "MEEKOPPEL_DATA_FOLDER": str(settings.data_folder),
        "MEEKOPPEL_DATABASE_URL": settings.database_url,
        "MEEKOPPEL_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
    }
    words = (str(BIN / "meekoppel"), "view", *words)
    return subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def town(version: int):
    """Plans of three owners in each of a hundred streets, the next version of each."""
    return [
        plan_event(plan, version=version, days=(version, version + 9), zones=[street(plan)], title=f"v{version}")
        for plan in TOWN
    ]


def street(plan_id: str):
    x = 93_000 + 1_000 * int(plan_id.rpartition(".")[2])
    return zone(shapely.box(x, 463_000, x + 10, 463_010))


def digest(hub):
    with hub.database.read() as connection:
        return view_digest(connection)


async def test_a_hub_folds_on_while_its_view_is_rebuilt(settings, log) -> None:
    def fail(why: str) -> None:
        raise AssertionError(why)

    async with running_hub(settings, services=("coordination",), on_stall=fail) as hub:
        log.put(*town(1))
        await hub.settle()
        rebuilding = command(settings, "rebuild", "--json")
        versions = 1
        while rebuilding.poll() is None:
            versions += 1
            log.put(*[event for event in town(versions) if event.plan.plan_id.endswith("7")])
            await asyncio.sleep(0.3)
        report = json.loads(rebuilding.stdout.read())
        log.put(plan_event(TOWN[0], version=2, zones=[street(TOWN[0])], type=PlanEventType.WITHDRAWN))
        await hub.settle()
        grown = digest(hub)
        assert report["compared"]["differences"] == 0
        assert report["swapped"]["generation"] == 1

        again = command(settings, "rebuild", "--json")
        output, complaint = await asyncio.to_thread(again.communicate)
        assert again.returncode == 0, complaint
        assert json.loads(output)["compared"]["differences"] == 0
        await hub.settle()
        assert digest(hub) == grown


def test_a_rebuild_that_is_killed_while_it_swaps_leaves_the_live_view_as_it_was(settings, log) -> None:
    log.put(*town(1), *town(2))
    first = command(settings, "rebuild", "--json")
    assert (first.communicate()[0], first.returncode) != ("", 1)

    second = command(settings, "rebuild")
    for line in second.stderr:
        if "catching up" in line:
            second.send_signal(signal.SIGKILL)
            break
    second.communicate()
    third = command(settings, "rebuild", "--json")
    report = json.loads(third.communicate()[0])

    assert report["compared"]["differences"] == 0
    assert (report["plans"], report["versions"]) == (len(TOWN), 2 * len(TOWN))
