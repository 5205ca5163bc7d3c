"""Parts of the tests that need a program which may be missing: reported as not run, and a failure in CI."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NoReturn

import pytest

NOT_RUN = "part NOT RUN"


def give_up(part: str, reason: str) -> NoReturn:
    """End a test whose program is missing: skipped on a developer's machine, and said in the last lines; failed in CI.

    Args:
        part: what is not run, such as `PostGIS`.
        reason: what is missing and how to get it.
    """
    if os.environ.get("CI") == "true":
        pytest.fail(f"{part} part cannot run: {reason}", pytrace=False)
    leave_out(part, reason)


def leave_out(part: str, reason: str) -> NoReturn:
    """Skip a test whose program cannot be had on this system by any package, and say so in the last lines."""
    pytest.skip(f"{part} {NOT_RUN}: {reason}")


def not_run(skipped: Iterable[pytest.TestReport]) -> list[str]:
    """Say which parts were not run, once each, from the reports of skipped tests."""
    reasons = {str(report.longrepr[2]) for report in skipped if isinstance(report.longrepr, tuple)}
    return sorted(reason.removeprefix("Skipped: ") for reason in reasons if NOT_RUN in reason)
