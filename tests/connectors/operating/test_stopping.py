from __future__ import annotations

import os
import signal
import time
from contextlib import suppress

import pytest

from meekoppel_connectors.operating import stopping
from meekoppel_connectors.operating.stopping import Stopped, stopped_by_signals


def end_me() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(1)


def test_a_signal_ends_the_block_wherever_it_is():
    with pytest.raises(Stopped, match="SIGTERM"), stopped_by_signals():
        end_me()


def test_an_error_that_a_library_made_of_the_signal_is_the_signal_all_the_same():
    def in_a_library() -> None:
        try:
            end_me()
        except KeyboardInterrupt as stopped:
            raise ValueError(f"Error serializing to JSON: {stopped}") from None

    with pytest.raises(Stopped, match="SIGTERM"), stopped_by_signals():
        in_a_library()


def test_a_signal_that_was_swallowed_is_raised_once_more(monkeypatch: pytest.MonkeyPatch):
    def swallowing() -> None:
        with suppress(KeyboardInterrupt):
            end_me()
        time.sleep(5)

    monkeypatch.setattr(stopping, "AGAIN_SECONDS", 0.1)
    with pytest.raises(Stopped, match="SIGTERM"), stopped_by_signals():
        swallowing()


def test_an_error_without_a_signal_stays_what_it_is():
    with pytest.raises(ValueError, match="broken"), stopped_by_signals():
        raise ValueError("broken")


def test_the_handlers_of_before_are_back_afterwards():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Stopped), stopped_by_signals():
        end_me()
    assert signal.getsignal(signal.SIGTERM) is before
