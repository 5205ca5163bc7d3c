"""The database: which errors pass, and what an error tells."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.errors import TransientError


def test_a_pool_without_a_free_connection_passes(tmp_path):
    url = f"sqlite:///{tmp_path / 'view.db'}"
    database = Database(create_engine(url, poolclass=QueuePool, pool_size=1, max_overflow=0, pool_timeout=0.1))
    with database.read(), pytest.raises(TransientError, match="all connections"), database.read():
        pass
    database.close()


@pytest.mark.postgis
@pytest.mark.parametrize("state", ["53100", "53300", "57014", "25006", "58030", "40003"])
def test_a_server_that_is_full_stopped_or_read_only_passes(postgis_database, state):
    raising = f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$"
    with pytest.raises(TransientError), postgis_database.begin() as connection:
        connection.execute(text(raising))


def test_an_error_does_not_show_the_values(database):
    with pytest.raises(DBAPIError) as caught, database.read() as connection:
        connection.execute(text("SELECT no_such_column, :secret"), {"secret": "restricted"})
    assert "restricted" not in str(caught.value)
