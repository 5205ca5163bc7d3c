"""Hubs for the tests of the whole way: each on its own data folder, on SQLite and on PostGIS."""

from __future__ import annotations

import pytest

from tests.e2e.hub_process import HubProcess
from tests.passing import new_database, passing_folder


@pytest.fixture
def hub_folder():
    with passing_folder() as folder:
        yield folder


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgis)])
def view_url(request):
    """Where the hub keeps its view: empty for SQLite in the data folder."""
    if request.param == "sqlite":
        yield ""
        return
    with new_database(request.getfixturevalue("postgis_url"), "hub") as url:
        yield url


@pytest.fixture
def hub(hub_folder, view_url):
    process = HubProcess(hub_folder / "hub", view_url)
    yield process
    process.close()
