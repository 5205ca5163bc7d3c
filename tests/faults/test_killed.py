"""Kill -9 in the middle: of the whole hub in the middle of 5,000 events, and of a connector in mid-publication.

Afterwards the view equals that of a run which nobody disturbed, and the log holds each event at least once and in
effect once.
"""

from __future__ import annotations

import asyncio
import random

import pytest

from meekoppel_contracts import topics
from tests.e2e.hub_process import Connector, HubProcess, java_processes, log_ids, row, until
from tests.passing import new_database, passing_folder

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(420)]

PLANS = 2_500
OWNERS = ("waternet", "gasnet", "warmte", "glasvezel", "gemeente")


def snapshots() -> tuple[list[dict], list[dict]]:
    """Two exports: 2,500 plans around a town, and the same a month later with every one of them changed."""
    dice = random.Random(20270301)
    first = [
        row(
            number,
            dice.choice(OWNERS),
            round(dice.uniform(150_000, 153_000), 1),
            round(dice.uniform(460_000, 463_000), 1),
            zekerheid=dice.choice(("zeker", "misschien")),
        )
        for number in range(PLANS)
    ]
    second = [plan | {"x": round(plan["x"] + dice.uniform(1, 50), 1)} for plan in first]
    return first, second


async def play(hub: HubProcess, folder, kill_hub_at=(), kill_connector_at=None) -> tuple:
    """Publish both exports; kill what is to be killed; give the view and the ids in the log."""
    hub.register("regie", may_publish_for=list(OWNERS))
    running = await asyncio.to_thread(hub.start)
    connector = Connector(folder, "regie")
    for rows in snapshots():
        connector.write(rows)
        if kill_connector_at is not None:
            await kill_in_the_middle(connector, running.bootstrap, kill_connector_at)
        await asyncio.to_thread(connector.run, running.bootstrap, "--open-guard")
    for point in kill_hub_at:
        await asyncio.to_thread(until, lambda point=point: hub.handled() >= point, 120, f"{point} events in the view")
        hub.kill()
        await asyncio.to_thread(until, lambda: not java_processes(hub.folder), 20, "Kafka ends with its parent")
        running = await asyncio.to_thread(hub.start)
    await hub.settle(running.bootstrap, 240)
    ids = await log_ids(running.bootstrap, topics.PLANS)
    overlap_ids = await log_ids(running.bootstrap, topics.COORDINATION)
    return hub.view(), ids, overlap_ids


async def kill_in_the_middle(connector: Connector, bootstrap: str, after: int) -> None:
    """Start the connector and kill it when that many more of its events stand in the inbox."""
    inbox = topics.inbox(connector.organisation)
    before = len(await log_ids(bootstrap, inbox))
    process = connector.start(bootstrap, "--open-guard")
    while process.poll() is None and len(await log_ids(bootstrap, inbox)) < before + after:
        await asyncio.sleep(0.01)
    process.kill()
    process.wait()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The view of a run that nobody disturbed."""
    with passing_folder() as folder:
        hub = HubProcess(folder / "hub")
        try:
            view, ids, _ = asyncio.run(play(hub, tmp_path_factory.mktemp("undisturbed")))
        finally:
            hub.close()
    assert len(view[0]) == PLANS
    assert len(view[1]) > 100, "plans must meet, or the comparison says little"
    assert len(ids) == len(set(ids)) == 2 * PLANS
    return view, ids


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgis)])
def hub(request):
    with passing_folder() as folder:
        if request.param == "sqlite":
            process = HubProcess(folder / "hub")
            yield process
            process.close()
            return
        with new_database(request.getfixturevalue("postgis_url"), "killed") as url:
            process = HubProcess(folder / "hub", url)
            yield process
            process.close()


async def test_the_hub_killed_in_the_middle_of_5000_events(hub, undisturbed, tmp_path):
    view, ids, overlap_ids = await play(hub, tmp_path, kill_hub_at=(700, 2_600, 4_100))

    assert view == undisturbed[0]
    assert set(ids) == set(undisturbed[1])  # what was sent again after a crash has the id that it had
    assert len(overlap_ids) >= len(set(overlap_ids)) > 0


async def test_the_connector_killed_in_the_middle_of_publishing(hub, undisturbed, tmp_path):
    view, ids, _ = await play(hub, tmp_path, kill_connector_at=600)

    assert view == undisturbed[0]
    assert sorted(ids) == sorted(undisturbed[1])  # intake dropped what the connector sent again
