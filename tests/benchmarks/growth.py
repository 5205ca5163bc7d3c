"""Whether folding a change costs the same in a large view as in a small one: at 10,000, 100,000 and 1,000,000 plans.

Plans lie equally dense at every size (`plan_set`), so a change meets as much in each. The figures are those of `fold`,
without baselines; `ratio_last_to_first` says how much of the speed is left at the largest.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging

from meekoppel_hub.platform.logs import set_up_logs
from tests.benchmarks.fold import bench
from tests.passing import passing_store

SIZES = (10_000, 100_000, 1_000_000)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--changes", type=int, default=40_000)
    parser.add_argument("--json", action="store_true", help="accepted for likeness; the result is always JSON")
    arguments = parser.parse_args()
    set_up_logs(logging.WARNING)
    rates: list[int] = []
    for size in arguments.sizes:
        with passing_store("postgis") as (folder, url):
            rates.append(asyncio.run(bench(folder, url, size, arguments.changes, {}))["events_per_second"])
    figures = {"sizes": arguments.sizes, "events_per_second": rates}
    print(
        json.dumps({"bench": "growth"} | figures | {"ratio_last_to_first": round(rates[-1] / rates[0], 2)}), flush=True
    )


if __name__ == "__main__":
    main()
