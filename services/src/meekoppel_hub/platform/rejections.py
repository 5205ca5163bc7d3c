"""Tell an organisation what the hub did not accept of its inboxes, with the original bytes. Pure."""

from __future__ import annotations

from datetime import datetime

from meekoppel_contracts.codec import encode_plan_rejection
from meekoppel_contracts.codes import RejectionReason
from meekoppel_contracts.errors import InvalidIdentifier
from meekoppel_contracts.events import PlanRejection, RejectedHeader
from meekoppel_contracts.headers import rejection_headers
from meekoppel_contracts.ids import OrgCode, check_plan_id
from meekoppel_contracts.topics import rejections
from meekoppel_hub.platform.stream.records import LogRecord, Outgoing

# Brokers take records of 1 MiB; a rejection holds the original and a little more.
_MOST_BYTES_RETURNED = 900_000
_LONGEST_KEY = 1_000


def to_sender(
    record: LogRecord, organisation: OrgCode, reason: RejectionReason, message: str, field: str | None, now: datetime
) -> Outgoing:
    """Make the record that tells an organisation what was not accepted, with the original bytes.

    Args:
        record: as it came.
        organisation: whose inbox it was in.
        reason: why, as a code.
        message: why, in one sentence that says what to do.
        field: the field that is wrong, where it is one field.
        now: when it was not accepted.
    """
    original = record
    if _size(record) > _MOST_BYTES_RETURNED:
        original = LogRecord(record.source, record.offset, record.timestamp_ms, _short(record.key), None, ())
        message += " (the original is too large to send back; it stays in the inbox at this offset)"
    value = PlanRejection(
        organisation=organisation,
        reason=reason,
        message=message,
        field=field,
        plan_id=_plan_id(record.key),
        topic=record.source.topic,
        partition=record.source.partition,
        offset=record.offset,
        key=original.key,
        value=original.value,
        headers=tuple(RejectedHeader(name=name, value=content) for name, content in original.headers),
        rejected_at=now,
    )
    identifier = f"rejected:{record.source.lane}/{record.offset}"
    return Outgoing(
        topic=rejections(organisation),
        key=_short(record.key) or organisation.encode(),
        value=encode_plan_rejection(value),
        headers=rejection_headers(value).to_kafka(),
        event_id=identifier,
    )


def _size(record: LogRecord) -> int:
    headers = sum(len(name) + len(value or b"") for name, value in record.headers)
    return len(record.key or b"") + len(record.value or b"") + headers


def _short(key: bytes | None) -> bytes | None:
    """Give a key that may be a plan id; one that is far longer would make the answer too large to send."""
    return key if len(key or b"") <= _LONGEST_KEY else None


def _plan_id(key: bytes | None) -> str | None:
    """Give the plan that the sender meant, when the key is a plan id."""
    try:
        return check_plan_id((key or b"").decode())
    except (UnicodeDecodeError, InvalidIdentifier):
        return None
