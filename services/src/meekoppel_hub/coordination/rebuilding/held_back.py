"""What coordination has set aside, and what a rebuild therefore leaves alone until an operator has decided.

The rebuilt view must say what the live one says: a plan whose record is parked stands at the version before it. What
is parked stays parked; only what the operator releases or drops while the rebuild runs is looked at again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from meekoppel_contracts.topics import dead_letters
from meekoppel_hub.platform.database.tables.stream import offsets
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.stream.bulk import log_record, read_stretch, whole_log
from meekoppel_hub.platform.stream.parking import SetAside, all_rows
from meekoppel_hub.platform.stream.records import LogRecord

SERVICE = "coordination"

Spot = tuple[str, int, int]
"""Where a record stands: topic, partition, offset."""


def spot_of(record: LogRecord) -> Spot:
    """Tell where a record stands."""
    return record.source.topic, record.source.partition, record.offset


@dataclass(frozen=True, slots=True)
class HeldBack:
    """What is set aside in one moment.

    Attributes:
        spots: of all records that are parked.
        keys: per partition and key the offset of the record that parked it; what comes behind it waits.
        suspects: spots of records that were dead letters once and are not parked now: an operator decided on them.
        is_lost: whether the database knows of no work of coordination at all: then nobody decided on anything.
    """

    spots: frozenset[Spot]
    keys: Mapping[tuple[str, int, bytes], int]
    suspects: frozenset[Spot]
    is_lost: bool

    def waits(self, topic: str, partition: int, offset: int, key: bytes | None) -> bool:
        """Tell whether a record is parked, or waits behind one that is."""
        return (topic, partition, offset) in self.spots or self.keys.get(
            (topic, partition, key or b""), offset
        ) < offset


def held_back(connection: Connection, suspects: Iterable[Spot] = ()) -> HeldBack:
    """Read what is set aside now.

    Args:
        connection: of the live database.
        suspects: spots of all dead letters.
    """
    rows = all_rows(connection, SERVICE)
    spots = frozenset(spot_of(row.record) for row in rows)
    keys: dict[tuple[str, int, bytes], int] = {}
    for row in rows:
        if row.reason is not None and row.record.key:
            place = (row.record.source.topic, row.record.source.partition, row.record.key)
            keys[place] = min(row.record.offset, keys.get(place, row.record.offset))
    known = connection.execute(select(offsets.c.service).where(offsets.c.service == SERVICE).limit(1)).first()
    return HeldBack(spots, keys, frozenset(suspects) - spots, is_lost=known is None)


def parked_now(connection: Connection) -> Sequence[SetAside]:
    """Read the records that are parked, in the order in which they came."""
    return all_rows(connection, SERVICE)


def dead_letter_spots(bootstrap: str) -> set[Spot]:
    """Read from the dead letters where records stood that could not be handled, whatever became of them."""
    try:
        stretch = whole_log(bootstrap, [dead_letters(SERVICE)])
    except SettingsError:  # a log on which no hub of ours has run yet
        return set()
    found = set()
    for messages in read_stretch(bootstrap, stretch):
        for message in messages:
            origin = log_record(message).header("meekoppel_dead_letter_from")
            if origin is not None:
                topic, partition, offset = origin.decode().rsplit("/", 2)
                found.add((topic, int(partition), int(offset)))
    return found
