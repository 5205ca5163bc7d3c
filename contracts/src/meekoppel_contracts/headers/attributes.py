"""CloudEvents 1.0 headers in binary mode, after the NL GOV profile: who says what about which plan, and in what order.

Source: CloudEvents Kafka protocol binding 1.0.2; NL GOV profile for CloudEvents (source as OIN, sequence, dataschema).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from meekoppel_contracts.errors import HeaderError

SPEC_VERSION: Final = "1.0"
CONTENT_TYPE: Final = "application/avro"

_MAX_SEQUENCE = 2**63 - 1
_SEQUENCE = re.compile(r"[0-9]{1,19}")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE)
_KAFKA_NAMES: Final[Mapping[str, str]] = {
    "id": "ce_id",
    "source": "ce_source",
    "type": "ce_type",
    "subject": "ce_subject",
    "time": "ce_time",
    "dataschema": "ce_dataschema",
    "partition_key": "ce_partitionkey",
    "sequence": "ce_sequence",
    "epoch": "ce_epoch",
}
_OURS = frozenset({"ce_specversion", "content-type", *_KAFKA_NAMES.values()})


@dataclass(frozen=True, slots=True, kw_only=True)
class EventHeaders:
    """The CloudEvents attributes of one event.

    Attributes:
        id: unique per source; the same when the same event is sent again.
        source: who says it, as a URI: `urn:nld:oin:<oin>` or `urn:meekoppel:organisation:<code>`.
        type: what kind of event, such as `nl.meekoppel.plan.changed.v1`.
        subject: what it is about: the plan id, or the overlap id.
        time: when it happened, aware; kept in UTC.
        dataschema: the contract of the body, as a URI.
        partition_key: what orders events among each other: the plan id.
        sequence: rises with each event of the source (in an inbox) or of the plan (in the log); not negative.
        epoch: the run of sequence numbers in an inbox, which is new when the connector's state is new; None elsewhere.

    Raises:
        HeaderError: when an attribute is empty, not text, not aware or out of range.
    """

    id: str
    source: str
    type: str
    subject: str
    time: datetime
    dataschema: str
    partition_key: str
    sequence: int
    epoch: str | None = None

    def __post_init__(self) -> None:
        for name, header in _KAFKA_NAMES.items():
            value = getattr(self, name)
            if isinstance(value, str):
                _check_text(header, value)
        if self.time.tzinfo is None or self.time.utcoffset() is None:
            raise HeaderError("ce_time", f"{self.time.isoformat()} has no time zone")
        object.__setattr__(self, "time", self.time.astimezone(UTC))
        if not 0 <= self.sequence <= _MAX_SEQUENCE:
            raise HeaderError("ce_sequence", f"{self.sequence} does not lie between 0 and {_MAX_SEQUENCE}")

    def to_kafka(self) -> list[tuple[str, bytes]]:
        """Write the headers as Kafka carries them: names, and values in UTF-8."""
        values = {
            "ce_specversion": SPEC_VERSION,
            "ce_id": self.id,
            "ce_source": self.source,
            "ce_type": self.type,
            "ce_subject": self.subject,
            "ce_time": self.time.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "ce_dataschema": self.dataschema,
            "ce_partitionkey": self.partition_key,
            "ce_sequence": str(self.sequence),
        }
        if self.epoch is not None:
            values["ce_epoch"] = self.epoch
        values["content-type"] = CONTENT_TYPE
        return [(name, value.encode()) for name, value in values.items()]

    @classmethod
    def parse(cls, headers: Sequence[tuple[str, bytes | None]]) -> EventHeaders:
        """Read the headers of a record. Unknown headers are ignored, whatever they hold; of doubles the first counts.

        Raises:
            HeaderError: when one of ours is missing, is not UTF-8, or cannot be read.
        """
        ours = _ours(headers)
        _expect(ours, "ce_specversion", SPEC_VERSION)
        _expect(ours, "content-type", CONTENT_TYPE)
        return cls(
            id=_text(ours, "ce_id"),
            source=_text(ours, "ce_source"),
            type=_text(ours, "ce_type"),
            subject=_text(ours, "ce_subject"),
            time=_time(_text(ours, "ce_time")),
            dataschema=_text(ours, "ce_dataschema"),
            partition_key=_text(ours, "ce_partitionkey"),
            sequence=_sequence(_text(ours, "ce_sequence")),
            epoch=_text(ours, "ce_epoch") if "ce_epoch" in ours else None,
        )


def _check_text(header: str, value: str) -> None:
    if not value.strip():
        raise HeaderError(header, "it is empty")
    if value.isascii():
        return
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise HeaderError(header, "it holds half a character (a lone surrogate), which UTF-8 cannot carry") from error


def _ours(headers: Sequence[tuple[str, bytes | None]]) -> dict[str, bytes | None]:
    found: dict[str, bytes | None] = {}
    for name, value in headers:
        if name in _OURS:
            found.setdefault(name, value)
    return found


def _text(ours: Mapping[str, bytes | None], name: str) -> str:
    if name not in ours:
        raise HeaderError(name, "it is missing")
    value = ours[name]
    if value is None:
        raise HeaderError(name, "it has no value")
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise HeaderError(name, f"byte {error.start} is not UTF-8") from error


def _expect(ours: Mapping[str, bytes | None], name: str, expected: str) -> None:
    value = _text(ours, name)
    if value.split(";")[0].strip().lower() != expected:
        raise HeaderError(name, f"{value[:40]!r} where {expected} was expected")


def _time(value: str) -> datetime:
    if not _RFC3339.fullmatch(value):
        raise HeaderError(
            "ce_time", f"{value[:40]!r} is not a time as RFC 3339 writes it, such as 2026-11-23T17:15:40Z"
        )
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise HeaderError("ce_time", f"{value[:40]!r} does not exist: {error}") from error


def _sequence(value: str) -> int:
    if not _SEQUENCE.fullmatch(value):
        raise HeaderError("ce_sequence", f"{value[:40]!r} is not a whole number from 0 up to {_MAX_SEQUENCE}")
    return int(value)
