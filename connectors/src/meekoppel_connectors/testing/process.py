"""A connector in a process of its own, that the kit kills, stops or measures.

It is the true command line, `meekoppel-connector`; the first argument, JSON, says what is to happen on the way.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from meekoppel_connectors import cli
from meekoppel_connectors.config import load_config
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.sources.opening import open_source
from meekoppel_connectors.testing.edges import publishing_to, watching_rows
from meekoppel_connectors.testing.inbox_file import InboxFile
from meekoppel_connectors.testing.on_the_way import OnTheWay

_STALL_SECONDS = 60.0
_SLICE_SECONDS = 0.05


def main(arguments: list[str]) -> None:
    """Run `meekoppel-connector` with these arguments, the first of which is an `OnTheWay`; or `measure CONFIG`."""
    if arguments[0] == "measure":
        print(json.dumps(_measure(Path(arguments[1]))))  # noqa: T201 - the answer of this program
        return
    way = OnTheWay(**json.loads(arguments[0]))
    sys.argv = ["meekoppel-connector", *arguments[1:]]
    with ExitStack() as edges:
        if way.inbox is not None:
            delivered = _die if way.kill_before_acknowledging else _go_on
            edges.enter_context(publishing_to(_inbox(way), delivered))
        edges.enter_context(watching_rows(lambda count: _on_row(way, count)))
        cli.main()


def _inbox(way: OnTheWay) -> InboxFile:
    return _Deadly(Path(way.inbox or "")) if way.kill_before_publishing else InboxFile(Path(way.inbox or ""))


class _Deadly(InboxFile):
    """An inbox that nobody reaches alive."""

    def _append(self, _batch: object) -> None:
        _die()


def _on_row(way: OnTheWay, count: int) -> None:
    if count == way.kill_after_rows:
        _die()
    if count == way.stall_after_rows:
        Path(way.stalled or "").touch()
        end = time.monotonic() + _STALL_SECONDS
        while time.monotonic() < end:
            time.sleep(_SLICE_SECONDS)


def _die(_count: int = 0) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _go_on(_count: int) -> None:
    """Let it go on."""


def _measure(path: Path) -> dict[str, int]:
    """Read the whole source and keep nothing: rows, and peak memory (kB)."""
    config = load_config(path)
    source = open_source(config.source, config.path.parent)
    items = source.changes(None) if source.is_followed() else source.snapshot()
    rows = sum(isinstance(item, SourceRow) for item in items)
    return {"rows": rows, "peak_kb": _peak_kb()}


def _peak_kb() -> int:
    """Give the peak of this program. Linux counts the process that started it into ru_maxrss, and not into VmHWM."""
    status = Path("/proc/self/status")
    if status.exists():
        (peak,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(peak.split()[1])
    peak_of_process = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak_of_process // 1024 if sys.platform == "darwin" else peak_of_process


if __name__ == "__main__":
    main(sys.argv[1:])
