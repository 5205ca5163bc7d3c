"""Ending in order when the operating system asks for it.

The signal is raised as an exception wherever the program is: in the middle of reading, of a wait, of publishing. What a
run does in a transaction is undone on the way out, so that nothing is half done.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

STOPPED_BY = (signal.SIGTERM, signal.SIGINT)


class Stopped(KeyboardInterrupt):
    """The process was asked to end; no handler of errors may take it for one.

    An interrupt by its class, since asyncio keeps any other exception in the task in which the signal happened to come.
    """


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Raise `Stopped` inside the block at the first SIGTERM or interrupt; what comes after the first is ignored.

    To be used in the main thread.
    """
    before = {number: signal.getsignal(number) for number in STOPPED_BY}
    for number in STOPPED_BY:
        signal.signal(number, _stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    for each in STOPPED_BY:
        signal.signal(each, signal.SIG_IGN)
    raise Stopped(signal.Signals(number).name)
