"""Run parts of a job in processes of their own: started afresh, told apart by a pipe each, ended with their parent."""

from __future__ import annotations

import multiprocessing
import os
import resource
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection as Pipe
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Protocol, TypeVar

from meekoppel_hub.platform.errors import HubError, TransientError

Result = TypeVar("Result", covariant=True)
Advance = Callable[[int], None]

PEAKS_MB: list[float] = []
"""The most memory that each process of this run held, in MB: those that ended, by what they said."""


class Job(Protocol[Result]):
    """A part of the work, which can be sent to another process."""

    def run(self, advance: Advance) -> Result:
        """Do it, and tell how far it is."""
        ...


def run_jobs(jobs: Sequence[Job[Result]], advance: Advance) -> list[Result]:
    """Run each job in a process of its own; give the results in the order of the jobs.

    Raises:
        HubError: what one of them raised; the others are ended.
    """
    context = multiprocessing.get_context("spawn")
    started: list[tuple[BaseProcess, Pipe]] = []
    try:
        for job in jobs:
            ours, theirs = context.Pipe()
            process: BaseProcess = context.Process(target=_work, args=(job, theirs), daemon=True)
            process.start()
            theirs.close()
            started.append((process, ours))
        return _gather([pipe for _, pipe in started], advance)
    finally:
        for process, pipe in started:
            pipe.close()  # one that still works sees it, and ends
            process.join(5)
            if process.is_alive():
                process.kill()
                process.join()


def _gather(pipes: Sequence[Pipe], advance: Advance) -> list[Any]:
    results: dict[int, Any] = {}
    open_pipes = {id(pipe): index for index, pipe in enumerate(pipes)}
    while len(results) < len(pipes):
        for pipe in wait([pipe for pipe in pipes if open_pipes[id(pipe)] not in results]):
            assert isinstance(pipe, Pipe)
            index = open_pipes[id(pipe)]
            try:
                kind, value = pipe.recv()
            except EOFError:
                raise TransientError("a process of the rebuild ended by itself: out of memory?") from None
            if kind == "advance":
                advance(value)
            elif kind == "failed":
                raise value if isinstance(value, HubError) else RuntimeError(value)
            else:
                results[index], peak = value
                PEAKS_MB.append(peak)
    return [results[index] for index in range(len(pipes))]


def _work(job: Job[Any], pipe: Pipe) -> None:
    """Be the other process."""

    def end_with_parent() -> None:
        parent = multiprocessing.parent_process()
        assert parent is not None
        parent.join()
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()
    try:
        result = job.run(lambda count: pipe.send(("advance", count)))
    except HubError as error:
        pipe.send(("failed", error))
    except BrokenPipeError:  # the parent gave up
        return
    except Exception as error:  # noqa: BLE001 - it is raised again where it can be told
        pipe.send(("failed", f"{type(error).__name__}: {error}"))
    else:
        pipe.send(("done", (result, peak_memory_mb())))


def peak_memory_mb() -> float:
    """Give the most memory that this process held, in MB."""
    with suppress(
        OSError
    ):  # Linux alone; elsewhere what the system says of the process, its parent's before it included
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
