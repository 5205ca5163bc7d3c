"""Read one record of an inbox: the bytes, the headers, the place in the connector's numbering. Pure."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from pydantic import ValidationError

from meekoppel_contracts.codec import PLAN_EVENTS
from meekoppel_contracts.codes import RejectionReason
from meekoppel_contracts.envelope import plan_as_written
from meekoppel_contracts.errors import ContractError, HeaderError, InvalidIdentifier
from meekoppel_contracts.headers import EventHeaders
from meekoppel_contracts.ids import OrgCode, org_code
from meekoppel_contracts.numbering import EPOCH_PATTERN
from meekoppel_contracts.topics import INBOX_PREFIX
from meekoppel_hub.intake.outcome import Received, Rejection, Submission, Undecodable
from meekoppel_hub.platform.errors import PoisonRecord
from meekoppel_hub.platform.stream.records import LogRecord

_SEQUENCE = re.compile(r"[0-9]{1,18}")
# A numbering from the future would make every later one of the same plan stale; clocks may differ this much.
_CLOCK_TOLERANCE = timedelta(days=1)


class _UnreadableError(Exception):
    """The record cannot be taken further; carries the rejection."""

    def __init__(self, rejection: Rejection) -> None:
        self.rejection = rejection
        super().__init__(rejection.message)


def receive(record: LogRecord, max_event_bytes: int, now: datetime) -> Received:
    """Read a record of an inbox; what cannot be read comes back with the reason.

    Raises:
        PoisonRecord: when the topic is no organisation's inbox: a fault of the hub, not of a sender.
    """
    organisation = _owner_of(record.source.topic)
    try:
        value = _checked_value(record, max_event_bytes)
        event, values = PLAN_EVENTS.read(value)
        epoch, sequence = _numbering(record, now)
        EventHeaders.parse(record.headers)
        written = plan_as_written(event, value)
    except _UnreadableError as unreadable:
        return Undecodable(record, organisation, unreadable.rejection)
    except ContractError as error:
        return Undecodable(record, organisation, _explain(error))
    digest = hashlib.sha256(written).hexdigest()
    return Submission(record, organisation, event, epoch, sequence, values["plan"], written, digest)


def _owner_of(topic: str) -> OrgCode:
    try:
        return org_code(topic.removeprefix(INBOX_PREFIX))
    except InvalidIdentifier as error:
        raise PoisonRecord("unknown_inbox", f"topic {topic!r} is no organisation's inbox: {error}") from error


def _checked_value(record: LogRecord, max_event_bytes: int) -> bytes:
    if record.value is None:
        message = "the record has no value; to take a plan back, send it whole with type withdrawn"
        raise _UnreadableError(Rejection(RejectionReason.UNDECODABLE, message))
    if len(record.value) > max_event_bytes:
        message = f"the event is {len(record.value)} bytes long; at most {max_event_bytes} are accepted"
        raise _UnreadableError(Rejection(RejectionReason.TOO_LARGE, message))
    return record.value


def _numbering(record: LogRecord, now: datetime) -> tuple[str, int]:
    """Read epoch and sequence, without which a resend cannot be told from a change."""
    epoch = _text(record, "ce_epoch", EPOCH_PATTERN, "<time as 20261123T171540123456Z>-<6 hexadecimal digits>")
    sequence = _text(record, "ce_sequence", _SEQUENCE, "a whole number of at most 18 digits")
    try:
        created = _created(epoch)
    except ValueError:
        raise _unnumbered("ce_epoch", f"header ce_epoch {epoch!r} holds no time that exists") from None
    if created > now + _CLOCK_TOLERANCE:
        raise _unnumbered("ce_epoch", f"header ce_epoch {epoch!r} lies in the future; set the sender's clock")
    return epoch, int(sequence)


@lru_cache(maxsize=1_000)
def _created(epoch: str) -> datetime:
    return datetime.strptime(epoch[: epoch.index("Z")], "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)


def _text(record: LogRecord, name: str, pattern: re.Pattern[str], form: str) -> str:
    raw = record.header(name)
    text = "" if raw is None else raw.decode("ascii", errors="replace")
    if pattern.fullmatch(text):
        return text
    shown = "is missing" if raw is None else f"is {text[:100]!r}"
    raise _unnumbered(name, f"header {name} {shown}; it must be {form}")


def _unnumbered(header: str, message: str) -> _UnreadableError:
    return _UnreadableError(Rejection(RejectionReason.MISSING_SEQUENCE, message, header))


def _explain(error: ContractError) -> Rejection:
    """Say why the bytes are no event; a window that ends before it starts has its own reason."""
    if isinstance(error, HeaderError):
        return Rejection(RejectionReason.UNDECODABLE, str(error), error.header)
    cause = error.__cause__
    if not isinstance(cause, ValidationError):
        return Rejection(RejectionReason.UNDECODABLE, str(error))
    fault = cause.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(part) for part in fault["loc"])
    is_window = field == "plan.period" and fault["type"] == "value_error"
    reason = RejectionReason.INVALID_PERIOD if is_window else RejectionReason.UNDECODABLE
    return Rejection(reason, str(error), field or None)
