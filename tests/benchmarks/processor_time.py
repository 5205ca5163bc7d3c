"""What the processes of a benchmark take of the processor, by what they do."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def processor_seconds() -> dict[str, float]:
    """Sum the processor's seconds of this process and all that descend from it, by name. Linux only.

    Those that ended count too where their parent has waited for them: PostgreSQL's workers, for example.
    """
    seconds: defaultdict[str, float] = defaultdict(float)
    of_parent: dict[int, list[int]] = {}
    stats: dict[int, list[str]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it ended while we looked
            continue
        stats[int(folder.name)] = stat
        of_parent.setdefault(int(stat[1]), []).append(int(folder.name))
    waiting = [os.getpid()]
    while waiting:
        pid = waiting.pop()
        waiting += of_parent.get(pid, [])
        seconds[_name(pid)] += sum(int(ticks) for ticks in stats[pid][11:15]) / _TICKS
    return seconds


def _name(pid: int) -> str:
    if pid == os.getpid():
        return "bench"
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().rstrip("\0").split("\0")
    except OSError:
        return "ended"
    if Path(words[0]).name == "java":
        return "kafka"
    return "postgresql" if "postgres" in words[0] else words[-1]
