"""Describe a version of a plan by the headers of its record, without decoding it.

Intake writes everything that a row of `plan_versions` tells into the headers. What does not carry them all (records
from before the header `ce_visibility`, records of other programs) is decoded after all: slower, and as strictly as
the daily fold does it.
"""

from __future__ import annotations

from datetime import datetime

from meekoppel_contracts.codes import PlanEventType, Visibility
from meekoppel_contracts.errors import ContractError
from meekoppel_contracts.framing import PREFIX_LENGTH, framed_schema_id
from meekoppel_contracts.headers import VISIBILITY_HEADER, plan_event_type
from meekoppel_contracts.registry import PLAN_EVENT, packaged_registry
from meekoppel_contracts.topics import PLANS_RESTRICTED
from meekoppel_hub.coordination.fold import fold
from meekoppel_hub.coordination.plan_change import Row, read_change
from meekoppel_hub.platform.stream.bulk import RawRecord, log_record
from meekoppel_hub.platform.stream.records import LogRecord

_TYPES: dict[bytes | None, str] = {plan_event_type(kind).encode(): kind.value for kind in PlanEventType}
_VISIBILITIES: dict[bytes | None, str] = {one.value.encode(): one.value for one in Visibility}


class VersionRows:
    """Turns records of the log into rows of `plan_versions`.

    Args:
        crs: EPSG number of the hub's CRS.

    Attributes:
        decoded: how many records had to be decoded.
    """

    def __init__(self, crs: int) -> None:
        self.decoded = 0
        self._crs = crs
        self._ours: dict[bytes, bool] = {}

    def row(self, message: RawRecord) -> Row:
        """Describe one record.

        Raises:
            PoisonRecord: when it is no plan event.
        """
        return self._by_headers(message) or self.by_body(log_record(message))

    def by_body(self, record: LogRecord) -> Row:
        """Describe one record by what it holds.

        Raises:
            PoisonRecord: when it is no plan event, or none that can be folded.
        """
        self.decoded += 1
        return fold([read_change(record)], self._crs).version_rows()[0]

    def _by_headers(self, message: RawRecord) -> Row | None:
        try:
            headers = dict(reversed(message.headers() or ()))  # of two with one name the first counts
            key, value, topic = message.key(), message.value(), message.topic()
            time, sequence = headers["ce_time"], headers["ce_sequence"]
            if (
                key is None
                or key != headers["ce_subject"]
                or not time
                or not sequence
                or not self._is_plan_event(value)
            ):
                return None
            version = int(sequence)
            recorded_at = datetime.fromisoformat(time.decode())
            kind = _TYPES[headers["ce_type"]]
            visibility = _VISIBILITIES[b"restricted" if topic == PLANS_RESTRICTED else headers[VISIBILITY_HEADER]]
            plan_id = key.decode()
        except (KeyError, ValueError):
            return None
        if version < 1 or recorded_at.tzinfo is None:
            return None
        return plan_id, version, kind, visibility, recorded_at, topic, message.partition(), message.offset(), value

    def _is_plan_event(self, value: bytes | None) -> bool:
        """Tell by its first bytes whether a value follows the contract of plan events."""
        prefix = (value or b"")[:PREFIX_LENGTH]
        known = self._ours.get(prefix)
        if known is None:
            try:
                known = packaged_registry().by_id(framed_schema_id(prefix)).subject == PLAN_EVENT
            except ContractError:
                known = False
            if len(self._ours) < 1_000:
                self._ours[prefix] = known
        return known
