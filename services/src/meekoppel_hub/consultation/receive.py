"""Read one record: a request of an inbox, an overlap of the log, or that a plan changed. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from meekoppel_contracts.codec import CODECS, OVERLAP_EVENTS, contract_of_record
from meekoppel_contracts.codes import PlanEventType, RejectionReason
from meekoppel_contracts.errors import ContractError, HeaderError, InvalidIdentifier
from meekoppel_contracts.headers import EventHeaders, plan_event_type
from meekoppel_contracts.ids import OrgCode, PlanId, org_code
from meekoppel_contracts.plan import Contract
from meekoppel_contracts.registry import OVERLAP_EVENT
from meekoppel_contracts.topics import COORDINATION_INBOX_PREFIX, MAX_EVENT_BYTES, PLANS, PLANS_RESTRICTED
from meekoppel_hub.consultation.handler import Handler
from meekoppel_hub.consultation.outcome import (
    OverlapTold,
    PassedOver,
    PlanTouched,
    Received,
    Refusal,
    Refused,
    Request,
    Unreadable,
)
from meekoppel_hub.platform.errors import PoisonRecord
from meekoppel_hub.platform.stream.records import LogRecord

LONGEST_REQUEST_ID = 200

# Of a withdrawn plan the overlaps are resolved, which says more; a confirmation says that nothing changed.
_SAYS_SOMETHING_NEW = frozenset(plan_event_type(one) for one in (PlanEventType.CHANGED, PlanEventType.RESTORED))


def receive(record: LogRecord, handlers: Mapping[str, Handler]) -> Received:
    """Read a record by the topic that it stands in.

    Raises:
        PoisonRecord: when it can never be handled and is no request: a fault of the hub, not of a sender.
    """
    topic = record.source.topic
    if topic.startswith(COORDINATION_INBOX_PREFIX):
        return read_request(record, handlers)
    if topic in (PLANS, PLANS_RESTRICTED):
        return _plan(record)
    return _told(record)


def read_request(record: LogRecord, handlers: Mapping[str, Handler]) -> Request | Unreadable:
    """Read a record of a coordination inbox; what cannot be read comes back with the reason.

    Raises:
        PoisonRecord: when the topic is no organisation's inbox.
    """
    organisation = _owner_of(record.source.topic)
    try:
        value = _checked_value(record)
        contract = contract_of_record(value)
        if contract not in handlers:
            raise Refused(
                RejectionReason.UNDECODABLE,
                f"this inbox takes no {contract}; it takes {', '.join(sorted(handlers))}",
            )
        event = CODECS[contract].decode(value)
        request_id = _request_id(EventHeaders.parse(record.headers))
        _check_text(event)
    except Refused as refused:
        return Unreadable(record, organisation, refused.refusal)
    except ContractError as error:
        return Unreadable(record, organisation, _explain(error))
    return Request(record, organisation, request_id, contract, event)


def _told(record: LogRecord) -> OverlapTold | PassedOver:
    try:
        if contract_of_record(record.value) != OVERLAP_EVENT:
            return PassedOver(record.source)  # what consultation itself told, or what others tell of the log
        return OverlapTold(record.source, record.source.topic, OVERLAP_EVENTS.decode(record.value))
    except ContractError as error:
        raise PoisonRecord("undecodable", str(error)) from error


def _plan(record: LogRecord) -> PlanTouched | PassedOver:
    try:
        headers = EventHeaders.parse(record.headers)
    except HeaderError as error:
        raise PoisonRecord("undecodable", str(error)) from error
    if headers.type not in _SAYS_SOMETHING_NEW:
        return PassedOver(record.source)
    return PlanTouched(record.source, PlanId(headers.subject), headers.sequence)


def _owner_of(topic: str) -> OrgCode:
    try:
        return org_code(topic.removeprefix(COORDINATION_INBOX_PREFIX))
    except InvalidIdentifier as error:
        raise PoisonRecord("unknown_inbox", f"topic {topic!r} is no organisation's inbox: {error}") from error


def _checked_value(record: LogRecord) -> bytes:
    if record.value is None:
        raise Refused(RejectionReason.UNDECODABLE, "the record has no value; a request is a whole event")
    if len(record.value) > MAX_EVENT_BYTES:
        message = f"the event is {len(record.value)} bytes long; at most {MAX_EVENT_BYTES} are accepted"
        raise Refused(RejectionReason.TOO_LARGE, message)
    return record.value


def _request_id(headers: EventHeaders) -> str:
    if len(headers.id) > LONGEST_REQUEST_ID or "\x00" in headers.id:
        message = f"header ce_id has {len(headers.id)} characters; give at most {LONGEST_REQUEST_ID}, none of them NUL"
        raise Refused(RejectionReason.UNDECODABLE, message, "ce_id")
    return headers.id


def _check_text(event: Contract) -> None:
    """Refuse the character NUL, which PostgreSQL cannot keep, wherever it stands."""
    if "\\u0000" in event.model_dump_json():
        message = "a text holds the character NUL (U+0000), which is no text; leave it out"
        raise Refused(RejectionReason.UNDECODABLE, message)


def _explain(error: ContractError) -> Refusal:
    field = error.header if isinstance(error, HeaderError) else None
    if isinstance(error.__cause__, ValidationError):
        fault = error.__cause__.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in fault["loc"]) or None
    return Refusal(RejectionReason.UNDECODABLE, str(error), field)
