"""A year of a country, simulated: does a hub of this size keep up, how late is its view, how big does it get?

`python -m tests.trials.country england --json` prints one line. Time goes in steps of ten seconds through a whole
year. Changes arrive as people work (hours, weekdays, seasons, by chance), and on top of them bulk snapshots:
organisations that join, or change their mapping, and send all their plans. Two queues stand behind one another, intake
and coordination, each as fast as its workers together. Every change waits behind all that came before it: the worst
order there is, since Kafka's partitions let others pass a bulk in part.

The rates of one worker are round numbers near what was measured on two cores shared with Kafka and PostgreSQL;
give your own, from `make bench`, with `--intake-rate` and `--fold-rate`. What is simulated is the waiting, not the hub.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray

STEP_SECONDS = 10
DAY_STEPS = 24 * 3600 // STEP_SECONDS
DAYS = 365

# Shares of a day's changes per hour: offices, with a little from night runs of connectors. They add up to 1.
HOURS = np.array([1, 1, 2, 2, 2, 2, 3, 6, 10, 11, 11, 9, 7, 9, 10, 9, 7, 3, 2, 1, 1, 1, 1, 1], dtype=float)
HOURS /= HOURS.sum()
WEEKDAYS = np.array([1.25, 1.3, 1.3, 1.25, 1.1, 0.45, 0.35])  # Monday first
# Works are planned in autumn and spring; at Christmas nobody is there.
MONTHS = np.array([1.0, 1.1, 1.2, 1.1, 1.0, 0.95, 0.75, 0.75, 1.15, 1.2, 1.1, 0.7])
QUARTERLY = (73, 164, 255, 346)

# What a record costs, in bytes, measured on the benches' plans (979 bytes of Avro, a polygon, 25 fields).
LOG_BYTES = 900  # in the log, once, before replication: 418 in bulk; assumed for changes that come one by one
HISTORY_BYTES = 1_215  # a row of plan_versions with its index
PLAN_BYTES = 1_460  # a plan with its zones and all indexes
INDEX_BYTES = 385  # a live plan in the memory of a coordination worker

Steps = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """What a country asks of a hub.

    Attributes:
        plans: new plans a year.
        events: changes a year, bulk snapshots apart.
        live_plans: plans that have not ended, at any moment.
        bulks: snapshots a year that change every plan in them.
        smallest_bulk: plans in the smallest of them.
        largest_bulk: plans in the largest.
    """

    plans: int
    events: int
    live_plans: int
    bulks: int
    smallest_bulk: int = 50_000
    largest_bulk: int = 500_000


COUNTRIES = {
    # 300,000 works a year, 8 to 15 changes each; twelve of the largest organisations send all that they have once.
    "netherlands": Country(plans=300_000, events=4_000_000, live_plans=400_000, bulks=12),
    # Street Manager: 3 million permits and some 30 million events a year.
    "england": Country(plans=3_000_000, events=30_000_000, live_plans=1_000_000, bulks=52),
    # Ten Englands: the point at which one view is cut into several.
    "europe": Country(plans=30_000_000, events=300_000_000, live_plans=10_000_000, bulks=520),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """What a hub can do.

    Attributes:
        intake_rate: events a second of one intake worker.
        fold_rate: events a second of one coordination worker.
        workers: of each of the two.
        gain: what another worker adds, as a share of the first: they share one PostgreSQL.
        sending_rate: events a second at which one connector sends a bulk snapshot.
        quiet_seconds: from the connector's acknowledgement to the view, when nothing waits.
        rebuild_rate: events a second of `meekoppel view rebuild`.
        replicas: copies of the log.
    """

    intake_rate: float = 2_000
    fold_rate: float = 3_000
    workers: int = 1
    gain: float = 0.6
    sending_rate: float = 3_300
    quiet_seconds: float = 0.3
    rebuild_rate: float = 20_000
    replicas: int = 3

    @property
    def power(self) -> float:
        """How many times one worker all of them together do."""
        return 1 + self.gain * (self.workers - 1)


def arrivals(country: Country, hub: Hub, seed: int = 1) -> tuple[Steps, Steps]:
    """Draw a year of changes: those of every day, and those of bulk snapshots, per step of ten seconds.

    One bulk in three comes on the morning of a quarterly meeting, when all send at once.
    """
    chance = np.random.default_rng(seed)
    day = np.arange(DAYS)
    weight = WEEKDAYS[day % 7] * MONTHS[np.minimum(day * 12 // DAYS, 11)]
    shape = np.repeat((weight / weight.sum())[:, None] * HOURS[None, :], DAY_STEPS // 24, axis=1).ravel()
    daily = chance.poisson(country.events * shape / (DAY_STEPS // 24)).astype(float)
    return daily, _bulks(country, hub, chance, len(daily))


def _bulks(country: Country, hub: Hub, chance: np.random.Generator, steps: int) -> Steps:
    bulk = np.zeros(steps)  # a bulk goes on into the night where one day is not enough
    low, high = np.log(country.smallest_bulk), np.log(country.largest_bulk)
    for number in range(country.bulks):
        size = float(np.exp(chance.uniform(low, high)))
        meeting = QUARTERLY[number // 3 % len(QUARTERLY)] if number % 3 == 0 else None
        day, hour = (meeting, 8) if meeting is not None else (chance.integers(DAYS - 1), chance.integers(8, 18))
        begin = day * DAY_STEPS + hour * DAY_STEPS // 24
        per_step = hub.sending_rate * STEP_SECONDS
        whole = int(size // per_step)
        bulk[begin : begin + whole] += per_step
        bulk[min(begin + whole, steps - 1)] += size - whole * per_step
    return bulk


def waiting(arriving: Steps, capacity: float) -> Steps:
    """Give what waits at the end of each step, when `capacity` can be done in one (Lindley's recursion)."""
    surplus = np.cumsum(arriving - capacity)
    lowest = np.minimum.accumulate(np.minimum(surplus, 0.0))
    queue: Steps = surplus - lowest
    return queue


def simulate(country: Country, hub: Hub, seed: int = 1) -> dict[str, float]:
    """Let a year pass.

    Returns:
        How busy the hub is, how late the view is for the changes that arrive (seconds, weighted by changes), how long
        the longest backlog lasts, and what a year leaves behind in bytes.
    """
    daily, bulk = arrivals(country, hub, seed)
    come = daily + bulk
    intake, fold = (rate * hub.power * STEP_SECONDS for rate in (hub.intake_rate, hub.fold_rate))
    before_intake = waiting(come, intake)
    passed = come - np.diff(before_intake, prepend=0.0)
    before_fold = waiting(passed, fold)
    late = STEP_SECONDS * (before_intake / intake + before_fold / fold) + hub.quiet_seconds
    quantiles = _weighted_quantiles(late, daily, (0.5, 0.95, 0.99, 1.0))
    total = float(come.sum())
    backlog = (before_intake + before_fold) > fold
    return {
        "events": round(total),
        "busiest_hour_per_second": round(float(come.reshape(-1, 3600 // STEP_SECONDS).sum(axis=1).max()) / 3600, 1),
        "busy_share": round(total / (min(intake, fold) * len(come)), 5),
        "late_p50_s": round(quantiles[0], 2),
        "late_p95_s": round(quantiles[1], 2),
        "late_p99_s": round(quantiles[2], 2),
        "late_max_s": round(quantiles[3], 1),
        "longest_backlog_min": round(_longest(backlog) * STEP_SECONDS / 60, 1),
        "first_load_hours": round(country.live_plans / (min(intake, fold) / STEP_SECONDS) / 3600, 2),
        "log_gb": round(total * LOG_BYTES * hub.replicas / 1e9, 1),
        "history_gb": round(total * HISTORY_BYTES / 1e9, 1),
        "plans_gb": round(country.plans * PLAN_BYTES / 1e9, 1),
        "index_gb_per_worker": round(country.live_plans * INDEX_BYTES / 1e9, 2),
        "rebuild_hours_per_year_of_log": round(total / hub.rebuild_rate / 3600, 2),
    }


def _weighted_quantiles(values: Steps, weights: Steps, shares: tuple[float, ...]) -> list[float]:
    order = np.argsort(values)
    reached = np.cumsum(weights[order]) / weights.sum()
    places = np.minimum(np.searchsorted(reached, shares), len(values) - 1)
    return [float(values[order][place]) for place in places]


def _longest(flags: NDArray[np.bool_]) -> int:
    """Give the length of the longest run of true."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(np.int8), [0]))))
    return int((edges[1::2] - edges[::2]).max()) if len(edges) else 0


def main() -> None:
    """Simulate one country, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("country", nargs="?", choices=COUNTRIES, help="default: all of them")
    parser.add_argument("--events", type=int, help="changes a year, instead of the country's own")
    parser.add_argument("--bulks", type=int, help="bulk snapshots a year, instead of the country's own")
    parser.add_argument("--workers", type=int, default=1, help="of intake, and as many of coordination (default 1)")
    parser.add_argument("--intake-rate", type=float, default=Hub().intake_rate, help="events a second of one worker")
    parser.add_argument("--fold-rate", type=float, default=Hub().fold_rate, help="events a second of one worker")
    parser.add_argument("--rebuild-rate", type=float, default=Hub().rebuild_rate, help="events a second of a rebuild")
    parser.add_argument("--seed", type=int, default=1, help="of chance; the same seed gives the same year")
    parser.add_argument("--json", action="store_true", help="one line of JSON for each country")
    given = parser.parse_args()
    if min(given.workers, given.intake_rate, given.fold_rate, given.rebuild_rate) <= 0:
        parser.error("workers and rates are above 0")
    hub = Hub(
        workers=given.workers,
        intake_rate=given.intake_rate,
        fold_rate=given.fold_rate,
        rebuild_rate=given.rebuild_rate,
    )
    for name in [given.country] if given.country else COUNTRIES:
        asked = {key: value for key, value in (("events", given.events), ("bulks", given.bulks)) if value is not None}
        country = replace(COUNTRIES[name], **asked)
        result = simulate(country, hub, given.seed)
        if given.json:
            print(json.dumps({"trial": "country", "country": name, "hub": asdict(hub)} | result), flush=True)
        else:
            _show(name, country, hub, result)


def _show(name: str, country: Country, hub: Hub, result: dict[str, float]) -> None:
    out = sys.stdout
    out.write(
        f"\n{name}: {country.events:,} changes and {country.bulks} bulk snapshots a year; {hub.workers} worker(s)\n"
    )
    for key, value in result.items():
        out.write(f"  {key.replace('_', ' '):32}{value:>16,}\n")


if __name__ == "__main__":
    main()
