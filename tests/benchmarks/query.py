"""How fast many readers get answers over HTTP, at the size of a country.

A reader is one connection that asks one question after another: plans in a box and period, overlaps in a box and
period, one plan, its versions, counts of an area. Two loads are measured, since they say different things:

- *paced* (`p95_ms`, the figure that is held against the target): each of the 50 readers asks, waits for the answer, and
  thinks for a second on average (exponentially), as a person with a map does. It tells how long an answer takes.
- *closed* (`closed_p95_ms`, `closed_per_second`): each reader asks again at once. With two cores for the readers, the
  API and PostgreSQL together this is a measure of throughput: by Little's law the mean time is the number of readers
  divided by the throughput, whatever the API does with its time.

The API runs as in production, in processes of its own; the readers in one more.

    python -m tests.benchmarks.query --json
    python -m tests.benchmarks.query --plans 100000 --store sqlite
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import numpy as np

from meekoppel_contracts.codes import OrganisationKind
from meekoppel_hub.platform.database import open_database
from meekoppel_hub.platform.database.create import create_tables
from meekoppel_hub.platform.loopback import free_ports
from meekoppel_hub.platform.organisations import register_organisation
from tests.benchmarks.filled_view import fill_view
from tests.benchmarks.plan_set import CRS, OWNERS, PlanSet
from tests.benchmarks.time_travel import say
from tests.passing import STORES, passing_store

THINK_SECONDS = 1.0
BOX_M = 400.0  # some streets: about 25 plans, of which a period of three months leaves a few
AREA_M = 1_000.0  # a neighbourhood: about 150 plans
KINDS = {"plans": 4, "overlaps": 3, "plan": 1, "versions": 1, "counts": 1}


@dataclass
class Times:
    """How long answers took, by question."""

    ms: dict[str, list[float]] = field(default_factory=dict)

    def note(self, kind: str, seconds: float) -> None:
        self.ms.setdefault(kind, []).append(seconds * 1000)

    def all(self) -> np.ndarray:
        return np.concatenate([np.array(one) for one in self.ms.values()])


class Questions:
    """What readers ask: places drawn evenly over the country."""

    def __init__(self, made: PlanSet, seed: int) -> None:
        self._made = made
        self._dice = random.Random(seed)
        self._asked = [kind for kind, weight in KINDS.items() for _ in range(weight)]

    def next(self) -> tuple[str, str]:
        """Give the kind of a question and its address."""
        dice, made = self._dice, self._made
        kind = dice.choice(self._asked)
        number = dice.randrange(made.count)
        x, y = made.x[number], made.y[number]
        day = f"2028-{dice.randrange(1, 10):02d}-01"
        month = int(day[5:7]) + 3
        when = f"{day}/2028-{month:02d}-01"
        if kind in ("plan", "versions"):
            plan_id = f"NL.{OWNERS[made.owner[number]]}.{number}"
            return kind, f"/plans/{plan_id}" + ("/versions" if kind == "versions" else "")
        half = (AREA_M if kind == "counts" else BOX_M) / 2
        box = f"{x - half:.0f},{y - half:.0f},{x + half:.0f},{y + half:.0f}"
        path = {"plans": "/plans", "overlaps": "/overlaps", "counts": "/counts"}[kind]
        return kind, f"{path}?bbox={box}" + ("" if kind == "counts" else f"&datetime={when}")


async def read(address: str, token: str, made: PlanSet, readers: int, seconds: float, think: float) -> Times:
    """Let readers ask for some seconds; what they ask in the first two is not counted."""
    times = Times()
    begins = time.monotonic() + 2
    ends = begins + seconds
    headers = {"Authorization": f"Bearer {token}"}
    connector = aiohttp.TCPConnector(limit=readers)
    async with aiohttp.ClientSession(address, headers=headers, connector=connector) as session:

        async def reader(number: int) -> None:
            questions, dice = Questions(made, number), random.Random(number)
            if think:
                await asyncio.sleep(dice.uniform(0, think))
            while time.monotonic() < ends:
                kind, path = questions.next()
                asked = time.monotonic()
                async with session.get(path) as answer:
                    content = await answer.read()
                    if answer.status != 200 and answer.status != 410:
                        raise RuntimeError(f"{path}: {answer.status} {content[:300]!r}")
                if asked >= begins:
                    times.note(kind, time.monotonic() - asked)
                if think:
                    await asyncio.sleep(dice.expovariate(1 / think))

        await asyncio.gather(*(reader(number) for number in range(readers)))
    return times


@contextmanager
def running_api(folder: Path, url: str, workers: int) -> Iterator[str]:
    """Run the API as in production, in processes of its own."""
    (port,) = free_ports(1)
    environment = {
        **os.environ,
        "MEEKOPPEL_DATA_FOLDER": str(folder / "hub"),
        "MEEKOPPEL_DATABASE_URL": url,
        "MEEKOPPEL_API_PORT": str(port),
        "MEEKOPPEL_API_SHARED_PORT": "true",
    }
    command = [sys.executable, "-m", "tests.benchmarks.api_process"]
    processes = [subprocess.Popen(command, env=environment, stdout=sys.stderr) for _ in range(workers)]
    try:
        address = f"http://127.0.0.1:{port}"
        asyncio.run(_until_it_answers(address, processes))
        yield address
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(20)


async def _until_it_answers(address: str, processes: list[subprocess.Popen[bytes]]) -> None:
    for _ in range(600):
        if any(process.poll() is not None for process in processes):
            raise RuntimeError("a process of the API ended")
        try:
            async with aiohttp.ClientSession() as session, session.get(f"{address}/openapi.json"):
                await asyncio.sleep(2)  # until the others listen too
                return
        except aiohttp.ClientError:
            await asyncio.sleep(0.1)
    raise RuntimeError("the API does not answer")


def figures(times: Times, prefix: str = "") -> dict[str, float]:
    """Give the percentiles, of all and by question."""
    every = times.all()
    told = {f"{prefix}p{share}_ms": round(float(np.percentile(every, share)), 1) for share in (50, 95, 99)}
    return told | {
        f"{prefix}p95_{kind}_ms": round(float(np.percentile(ms, 95)), 1) for kind, ms in sorted(times.ms.items())
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=STORES, default="postgis")
    parser.add_argument("--plans", type=int, default=1_000_000)
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--workers", type=int, default=2, help="processes of the API")
    parser.add_argument("--filled", metavar="URL", help="a database that was filled before with as many plans")
    parser.add_argument("--keep", action="store_true", help="wait after filling, and print the URL: for profiling")
    parser.add_argument("--json", action="store_true", help="accepted for likeness; the result is always JSON")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder, url = stack.enter_context(passing_store(arguments.store))
        url = arguments.filled or url or f"sqlite:///{folder / 'hub' / 'view.db'}"
        made = PlanSet(arguments.plans)
        database = open_database(url)
        pairs = None
        if not arguments.filled:
            create_tables(database, CRS)
            pairs = fill_view(database, made, say)
        token = register_organisation(database, f"reader-{os.getpid()}", "Reader", OrganisationKind.MUNICIPALITY)
        database.close()
        if arguments.keep:
            say(f"--filled {url}")
            time.sleep(36_000)
        address = stack.enter_context(running_api(folder, url, arguments.workers))
        say("paced readers")
        paced = asyncio.run(read(address, token, made, arguments.readers, arguments.seconds, THINK_SECONDS))
        say("readers in a closed loop")
        closed = asyncio.run(read(address, token, made, arguments.readers, arguments.seconds, 0))
    result = {
        "bench": "query",
        "store": arguments.store,
        "plans": arguments.plans,
        "pairs": pairs,
        "readers": arguments.readers,
        "api_processes": arguments.workers,
        **figures(paced),
        "paced_per_second": round(len(paced.all()) / arguments.seconds, 1),
        **figures(closed, "closed_"),
        "closed_per_second": round(len(closed.all()) / arguments.seconds, 1),
    }
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
