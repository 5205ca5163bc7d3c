"""What stands behind each contract that a coordination inbox takes.

To take a further contract, write a module of its own that ends with a `Handler`; add it to `HANDLERS` in `handlers.py`,
its events to `NUMBERED` in `heads.py`, its headers to `request_headers` of the contracts, and the contract to the topic
table. It is called within the transaction of its batch, with a `Desk`:

    def handle(request: MoratoriumEvent, desk: Desk) -> None:
        before = desk.head(MORATORIUM_EVENT, request.moratorium_id)  # the newest state, locked; None for a new one
        if before is not None and before.authority != desk.organisation.code:
            raise Refused(RejectionReason.NOT_A_PARTY, "…", "authority")
        numbered = {"revision": desk.next_revision(before), "recorded_at": desk.now}
        desk.tell(request.model_copy(update=numbered), AREAS)

It refuses with `Refused` before it has told anything, and lets wait with `NotYet` what names something that the hub
does not know. `Desk.tell` stores the whole new state as the head and in the history, and publishes it. A handler that
tells nothing has found that nothing changes. What was checked before: the organisation is registered and active,
`actor` is the inbox's own organisation, and the request did not come before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection

from meekoppel_contracts.plan import Contract
from meekoppel_hub.platform.organisations import Organisation


class Desk(Protocol):
    """What a handler works with, within the transaction that ends its batch."""

    @property
    def connection(self) -> Connection:
        """The open transaction."""
        ...

    @property
    def now(self) -> datetime:
        """The time that the events of this batch get."""
        ...

    @property
    def organisation(self) -> Organisation:
        """Who asks: registered, active, and the owner of the inbox."""
        ...

    def head(self, contract: str, subject: str) -> Any:
        """Give the newest event about a subject, or None; nobody else changes it until the transaction ends."""
        ...

    def next_revision(self, before: Any) -> int:
        """Give the number that follows on an event, 1 when there is none."""
        ...

    def tell(self, event: Contract, topic: str) -> None:
        """Store a numbered event as the newest state and in the history, and publish it to a topic."""
        ...


@dataclass(frozen=True, slots=True)
class Handler:
    """How a contract is handled.

    Attributes:
        contract: such as `assessment-event`.
        subject: gives what a request is about, as the heads name it: requests of one organisation about one subject
            are handled in order, also when one of them has to wait.
        actor: gives the field that names whose request it is, and the organisation in it.
        handle: decides; see this module.
    """

    contract: str
    subject: Callable[[Any], str]
    actor: Callable[[Any], tuple[str, str | None]]
    handle: Callable[[Any, Desk], None]
