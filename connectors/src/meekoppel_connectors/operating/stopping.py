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
AGAIN_SECONDS = 4.0
"""After the signal, until it is raised once more: time to close what is open, and well within ten seconds."""
_HAS_ALARMS = hasattr(signal, "setitimer")


class Stopped(KeyboardInterrupt):
    """The process was asked to end; no handler of errors may take it for one.

    An interrupt by its class, since asyncio keeps any other exception in the task in which the signal happened to come.
    """


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Raise `Stopped` inside the block at the first SIGTERM or interrupt; what comes after the first is ignored.

    A library that is written in another language may make an error of its own out of it, or swallow it. So whatever
    error ends the block after the signal is `Stopped` too, and where there are alarms it is raised once more after a
    while. To be used in the main thread.
    """
    signals = _Signals()
    try:
        yield
    except Exception as error:
        if signals.came is not None:
            raise Stopped(signals.came) from error
        raise
    finally:
        signals.put_back()


class _Signals:
    """Handles the signals until it is told to put back what handled them before.

    Attributes:
        came: the name of the signal that came; None when none did.
    """

    def __init__(self) -> None:
        self.came: str | None = None
        handled = (*STOPPED_BY, signal.SIGALRM) if _HAS_ALARMS else STOPPED_BY
        self._before = {number: signal.signal(number, self._stop) for number in handled}

    def put_back(self) -> None:
        """Leave the signals as they were."""
        if _HAS_ALARMS:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _stop(self, number: int, _frame: FrameType | None) -> NoReturn:
        for each in STOPPED_BY:
            signal.signal(each, signal.SIG_IGN)
        self.came = self.came or signal.Signals(number).name
        if _HAS_ALARMS:
            signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS)
        raise Stopped(self.came)
