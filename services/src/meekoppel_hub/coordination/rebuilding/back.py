"""Go back to the tables that were live before: caught up with the log, and in line with what was told since."""

from __future__ import annotations

import json

from meekoppel_hub.coordination.consume import CoordinationProcessor
from meekoppel_hub.coordination.rebuilding.adopt import PREVIOUS_SETTING, Adopted, Adoption, Candidate
from meekoppel_hub.coordination.rebuilding.tables import tables_of
from meekoppel_hub.coordination.rebuilding.told import Told
from meekoppel_hub.coordination.rulebook import Rulebook
from meekoppel_hub.platform.clock import Clock, utc_now
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.view_state import SCHEME, read_setting, write_setting
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.stream.records import PartitionId


def go_back(
    database: Database, bootstrap: str, crs: int, clock: Clock = utc_now, rulebook: Rulebook | None = None
) -> Adopted:
    """Put the previous tables in the place of the live ones, which become the previous ones.

    Args:
        database: of the hub.
        bootstrap: Kafka, `host:port,…`.
        crs: EPSG number of the hub's CRS.
        clock: the time that news of pairs gets.
        rulebook: the rules by which plans meet, whatever was agreed; None for what was agreed.

    Raises:
        SettingsError: when there are no previous tables, or this program cannot work with them.
    """
    tables = tables_of(database, crs)
    with tables.alone():
        with database.read() as connection:
            noted = read_setting(connection, PREVIOUS_SETTING)
            if noted is None or not tables.exists(connection, tables.previous):
                raise SettingsError("there are no previous tables to go back to")
        previous = json.loads(noted)
        if previous["scheme"] != SCHEME:
            raise SettingsError(
                f"the previous tables follow scheme {previous['scheme']}, and this version of Meekoppel works with "
                f"scheme {SCHEME}: only the version that made them can work with them"
            )
        position = {_source(lane): offset for lane, offset in previous["position"].items()}
        processor = CoordinationProcessor(crs, clock, rulebook)
        adoption = Adoption(database, tables, bootstrap, processor, crs, clock)
        return adoption.run(Candidate(tables.previous, position, Told(), None, previous.get("rules", 0)))


def _source(lane: str) -> PartitionId:
    topic, _, number = lane.rpartition("/")
    return PartitionId(topic, int(number))


def drop_previous(database: Database, crs: int) -> bool:
    """Take the previous tables away.

    Args:
        database: of the hub.
        crs: EPSG number of the hub's CRS.

    Returns:
        Whether there were any.

    Raises:
        SettingsError: when something that the operator made depends on them.
    """
    tables = tables_of(database, crs)
    with tables.alone(), database.begin() as connection:
        there = tables.exists(connection, tables.previous)
        tables.drop(connection, tables.previous)
        write_setting(connection, PREVIOUS_SETTING, None)
    return there
