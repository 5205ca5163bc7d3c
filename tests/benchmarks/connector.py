"""How many rows a second a connector takes through mapping, difference and outbox.

A GeoPackage of 500,000 plans is taken over once; then one in a hundred changes, and the next run is measured, in a
process of its own, up to the point at which everything is in the outbox: nothing is published. The baseline is pyogrio
reading the same file, attributes and geometry, into memory and nothing more.

    python -m tests.benchmarks.connector --json
"""

from __future__ import annotations

import argparse
import json
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
import yaml

from meekoppel_connectors.config import ConnectorConfig, load_config
from meekoppel_connectors.errors import BrokerError
from meekoppel_connectors.publish import Patience
from meekoppel_connectors.run import Stage, run_once
from meekoppel_connectors.status import read_status

PLANS = 500_000
CHANGED_SHARE = 0.01
CORNERS = 20
NOWHERE = "127.0.0.1:9"
BEGUN = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
STREETS = ("Hogeweg", "Laat", "Stationsweg", "Kanaaldijk", "Westerlaan", "Molenstraat", "Dorpsstraat", "Burgwal")
PLAN: dict[str, Any] = {
    "id": {"field": "projectnr"},
    "title": {"template": "{soort} {straat} ({wijk})"},
    "description": {"field": "omschrijving"},
    "source_refs": [{"system": "project", "id": {"field": "projectnr"}}],
    "initiator": {"organisation": "gm0361", "name": "Gemeente Alkmaar", "kind": "municipality"},
    "contact": {"mailbox": "werkzaamheden@example.org"},
    "disciplines": [{"field": "soort", "codes": {"riool": "gravity_sewer", "weg": "road", "warmte": "heat"}}],
    "work_types": ["replace"],
    "excavation": {"digs": True, "depth_m": {"field": "diepte"}},
    "status": {"field": "status", "codes": {"Vast": "planned", "Voorlopig": "tentative"}},
    "certainty": {"field": "status", "codes": {"Vast": "firm", "Voorlopig": "probable"}},
    "period": {
        "earliest_start": {"field": "van"},
        "latest_end": {"field": "tot"},
        "duration_days": {"field": "dagen"},
        "precision": "week",
    },
    "zones": {"role": "work", "accuracy": "design", "buffer_m": 2},
    "cooperation": {"open": {"field": "samen"}, "kinds": ["share_trench"]},
}


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def write_plans(path: Path, count: int, changed: int) -> None:
    """Write a GeoPackage of polygons in RD New, of which the last `changed` rows have another end."""
    dice = np.random.default_rng(361)
    middles = np.column_stack((dice.uniform(20_000, 270_000, count), dice.uniform(310_000, 610_000, count)))
    turns = np.linspace(0, 2 * np.pi, CORNERS, endpoint=False)
    radius = dice.uniform(10, 60, count)[:, None, None]
    rings = middles[:, None, :] + radius * np.column_stack((np.cos(turns), np.sin(turns)))[None, :, :]
    numbers = np.arange(count)
    starts = np.datetime64("2026-04-01") + (numbers % 700).astype("timedelta64[D]")
    ends = starts + (7 + numbers % 90).astype("timedelta64[D]")
    ends[count - changed :] += np.timedelta64(7, "D")
    streets = np.array(STREETS)[numbers % len(STREETS)]
    columns = {
        "projectnr": np.array([f"{number:07d}" for number in numbers]),
        "straat": streets,
        "wijk": np.array([f"Wijk {number % 400}" for number in numbers]),
        "soort": np.array(("riool", "weg", "warmte"))[numbers % 3],
        "omschrijving": np.array([f"Vervangen in fase {number % 7}, met nieuwe bestrating" for number in numbers]),
        "status": np.array(("Vast", "Voorlopig"))[numbers % 2],
        "van": starts.astype(str),
        "tot": ends.astype(str),
        "dagen": numbers % 60 + 5,
        "diepte": np.round(dice.uniform(0.5, 4, count), 2),
        "samen": numbers % 4 == 0,
        "gewijzigd": np.full(count, "2026-03-01"),
    }
    pyogrio.raw.write(
        path,
        geometry=shapely.to_wkb(shapely.polygons(rings)),
        field_data=[
            np.asarray(values, dtype=object if values.dtype.kind == "U" else None) for values in columns.values()
        ],
        fields=list(columns),
        geometry_type="Polygon",
        crs="EPSG:28992",
        driver="GPKG",
        layer="plannen",
    )


def configure(folder: Path) -> Path:
    path = folder / "bench.yaml"
    content = {
        "organisation": "gm0361",
        "state": "state.db",
        "kafka": {"bootstrap": NOWHERE},
        "source": {"format": "gpkg", "path": "plans.gpkg"},
        "plan": PLAN,
    }
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path


def run_to_the_outbox(config: ConnectorConfig, at: datetime) -> float:
    """Do a run of which only the publishing fails, since Kafka is nowhere; give the seconds until all was stored."""
    begun = time.perf_counter()
    stored = begun

    def note(stage: Stage, _count: int) -> None:
        nonlocal stored
        if stage is not Stage.PUBLISHING:
            return
        stored = time.perf_counter()

    try:
        run_once(config, as_of=at, progress=note, patience=Patience(attempts=1))
    except BrokerError:
        return stored - begun
    raise AssertionError("nothing was to be published, so nothing was measured")


def measured(name: str, folder: Path, *, at: datetime = BEGUN, plans: int = 0, changed: int = 0) -> dict[str, Any]:
    """Do one part in a process of its own. All parts are: a process counts the memory of its parent for its own."""
    command = [sys.executable, "-m", "tests.benchmarks.connector", "--part", name, "--folder", str(folder)]
    command += ["--at", at.isoformat(), "--plans", str(plans), "--changed", str(changed)]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    result: dict[str, Any] = json.loads(out.splitlines()[-1])
    return result


def part(name: str, folder: Path, at: datetime, plans: int, changed: int) -> dict[str, Any]:
    begun = time.perf_counter()
    if name == "write":
        (folder / "plans.gpkg").unlink(missing_ok=True)
        write_plans(folder / "plans.gpkg", plans, changed)
    elif name == "read":
        pyogrio.raw.read(folder / "plans.gpkg")
    seconds = time.perf_counter() - begun
    if name == "run":
        seconds = run_to_the_outbox(load_config(folder / "bench.yaml"), at)
    return {"seconds": seconds, "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def empty_outbox(folder: Path) -> None:
    """Do as if everything had been published."""
    with sqlite3.connect(folder / "state.db") as connection:
        connection.execute("DELETE FROM outbox")


def bench(folder: Path, count: int, repeats: int) -> dict[str, Any]:
    say(f"writing {count:,} plans")
    measured("write", folder, plans=count)
    config = configure(folder)
    say("taking them over for the first time")
    first = measured("run", folder)
    runs, reads = [], []
    for number in range(1, repeats + 1):
        empty_outbox(folder)
        measured("write", folder, plans=count, changed=int(count * CHANGED_SHARE) if number % 2 else 0)
        say(f"run {number} of {repeats}: one row in a hundred has changed")
        reads.append(measured("read", folder))
        runs.append(measured("run", folder, at=BEGUN + timedelta(days=number)))
    counts = read_status(load_config(config)).runs[0].counts
    run_seconds = statistics.median(run["seconds"] for run in runs)
    read_seconds = statistics.median(read["seconds"] for read in reads)
    return {
        "rows": count,
        "changed": counts["changed"],
        "unchanged": counts["unchanged"],
        "rows_per_second": round(count / run_seconds),
        "first_run_rows_per_second": round(count / first["seconds"]),
        "reading_rows_per_second": round(count / read_seconds),
        "ratio_to_reading": round(read_seconds / run_seconds, 3),
        "peak_memory_mb": round(max(run["peak_memory_mb"] for run in (first, *runs))),
        "reading_peak_memory_mb": round(max(read["peak_memory_mb"] for read in reads)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plans", type=int, default=PLANS, help="how many rows the source has")
    parser.add_argument("--repeats", type=int, default=3, help="of the measured run; the median counts")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--part", choices=("write", "run", "read"), help=argparse.SUPPRESS)
    parser.add_argument("--changed", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--at", type=datetime.fromisoformat, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part:
        result = part(arguments.part, arguments.folder, arguments.at, arguments.plans, arguments.changed)
        print(json.dumps(result))
        return
    with tempfile.TemporaryDirectory() as folder:
        result = bench(Path(folder), arguments.plans, arguments.repeats)
    if arguments.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name:<28} {value:>12,}")


if __name__ == "__main__":
    main()
