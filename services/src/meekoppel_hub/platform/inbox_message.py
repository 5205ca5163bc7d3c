"""A request as it goes into an inbox. Pure but for the random id."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from meekoppel_contracts.codec import CODECS
from meekoppel_contracts.headers import request_headers
from meekoppel_contracts.ids import CooperationId, OrgCode
from meekoppel_contracts.plan import Contract
from meekoppel_contracts.topics import coordination_inbox

_CONTRACT_OF = {codec.model: codec for codec in CODECS.values()}


@dataclass(frozen=True, slots=True)
class InboxMessage:
    """A record for an inbox.

    Attributes:
        request_id: by which to ask what became of it.
    """

    request_id: str
    topic: str
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


def new_cooperation_id() -> CooperationId:
    """Make the id of a new cooperation: random, so that nobody takes it first."""
    return CooperationId(f"coop_{secrets.token_hex(10)}")


def inbox_message(event: Contract, organisation: OrgCode, now: datetime) -> InboxMessage:
    """Write a request of an organisation, with a random id.

    Raises:
        SchemaMismatch: when the event breaks its contract.
    """
    request_id = f"req_{secrets.token_hex(12)}"
    headers = request_headers(event, id=request_id, organisation=organisation, time=now)
    value = _CONTRACT_OF[type(event)].encode(event)
    return InboxMessage(
        request_id, coordination_inbox(organisation), headers.partition_key.encode(), value, headers.to_kafka()
    )
