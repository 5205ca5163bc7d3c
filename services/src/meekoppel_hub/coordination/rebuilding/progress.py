"""How far a rebuild is, in words and numbers: what is being done, how fast, how long it may take still."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

# What each phase takes of the whole, as measured with 2,000,000 events of 300,000 plans; only for the estimate.
SHARES = {"read": 0.45, "index": 0.05, "newest": 0.25, "told": 0.02, "match": 0.13, "compare": 0.06, "swap": 0.04}
_SECONDS_BETWEEN = 2.0


@dataclass(frozen=True, slots=True)
class Step:
    """How far one phase is.

    Attributes:
        phase: one of `SHARES`.
        done: how much of it is done.
        total: how much there is to do; 0 where that is not known.
        unit: of what, such as events.
        seconds: since the phase began.
        left_seconds: until the whole is done, as it looks now; None where nothing can be said yet.
    """

    phase: str
    done: int
    total: int
    unit: str
    seconds: float
    left_seconds: float | None

    @property
    def rate(self) -> float:
        """Give how much is done a second."""
        return self.done / self.seconds if self.seconds > 0 else 0.0


@dataclass(slots=True)
class Progress:
    """Keeps the time of the phases, and tells how it goes, at most every two seconds within a phase.

    Attributes:
        tell: is told each step.
        seconds: of each phase that was done or is at hand.
    """

    tell: Callable[[Step], None]
    clock: Callable[[], float] = time.monotonic
    seconds: dict[str, float] = field(default_factory=dict)
    _phase: str = ""
    _unit: str = ""
    _total: int = 0
    _done: int = 0
    _began: float = 0.0
    _told: float = 0.0
    _first: float | None = None

    def begin(self, phase: str, total: int = 0, unit: str = "events") -> None:
        """Begin a phase; the one before ends."""
        self.end()
        now = self.clock()
        self._first = now if self._first is None else self._first
        self._phase, self._total, self._unit, self._done = phase, total, unit, 0
        self._began = self._told = now
        self.tell(self._step())

    def advance(self, count: int) -> None:
        """Note that so much more is done."""
        self._done += count
        if self.clock() - self._told >= _SECONDS_BETWEEN:
            self._told = self.clock()
            self.tell(self._step())

    def end(self) -> None:
        """End the phase at hand."""
        if self._phase:
            self.seconds[self._phase] = self.seconds.get(self._phase, 0.0) + self.clock() - self._began
            self.tell(self._step())
            self._phase = ""

    def _step(self) -> Step:
        seconds = self.clock() - self._began
        return Step(self._phase, self._done, self._total, self._unit, seconds, self._left(seconds))

    def _left(self, seconds: float) -> float | None:
        """Take what was done so far as its share of the whole."""
        part = min(self._done / self._total, 1.0) if self._total else 0.0
        share = sum(SHARES[name] for name in self.seconds) + part * SHARES[self._phase]
        if self._first is None or share < 0.02 or seconds < 0:
            return None
        passed = self.clock() - self._first
        return max(0.0, passed / share - passed)
