"""The class that an author's one line makes: all tests of the kit on his case."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from meekoppel_connectors.testing.broker import broker_for
from meekoppel_connectors.testing.case import ConformanceCase
from meekoppel_connectors.testing.connector import ConnectorUnderTest, Records
from meekoppel_connectors.testing.tests_of_kafka import TestsOfKafka
from meekoppel_connectors.testing.tests_of_processes import TestsOfProcesses
from meekoppel_connectors.testing.tests_of_rows import TestsOfRows
from meekoppel_connectors.testing.tests_of_runs import TestsOfRuns


class Conformance(TestsOfKafka, TestsOfProcesses, TestsOfRuns, TestsOfRows):  # pytest begins with the last
    """All tests. `conformance_of` gives it a case; a class derived from that may override the fixture `case`."""

    case_type: ClassVar[type[ConformanceCase]]

    @pytest.fixture
    def case(self, tmp_path: Path) -> ConformanceCase:
        """The source under test, in a folder of its own."""
        return self.case_type(tmp_path)

    @pytest.fixture
    def opened(self, case: ConformanceCase, monkeypatch: pytest.MonkeyPatch) -> Iterator[ConformanceCase]:
        """The source, opened, with its environment."""
        for name, value in ConnectorUnderTest(case).secrets.items():
            monkeypatch.setenv(name, value)
        case.open()
        try:
            yield case
        finally:
            case.close()

    @pytest.fixture
    def connector(self, opened: ConformanceCase) -> ConnectorUnderTest:
        """A connector on the source that has not run yet."""
        return ConnectorUnderTest(opened)

    @pytest.fixture
    def records(self, opened: ConformanceCase) -> Records:
        """What puts records into the source."""
        return Records(opened)

    @pytest.fixture
    def conformance_broker(self, request: pytest.FixtureRequest) -> str:
        """`host:port` of a real broker."""
        return broker_for(request)


def conformance_of(case_type: type[ConformanceCase]) -> type[Conformance]:
    """Make the tests of a source.

    Assign them to a name that pytest collects::

        TestMySource = conformance_of(MyCase)

    Args:
        case_type: how to configure the source and to put records into it.
    """
    return type(f"ConformanceOf{case_type.__name__}", (Conformance,), {"case_type": case_type})
