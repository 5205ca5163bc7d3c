"""One batch within its transaction: the desk at which requests are handled, one after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from meekoppel_contracts.codec import CODECS
from meekoppel_contracts.codes import RejectionReason
from meekoppel_contracts.headers import INBOX_ID_HEADER
from meekoppel_contracts.ids import OrgCode
from meekoppel_contracts.plan import Contract
from meekoppel_hub.consultation.handler import Handler
from meekoppel_hub.consultation.heads import NUMBERED, load_head
from meekoppel_hub.consultation.outcome import NotYet, Outcome, Refusal, Refused, Request, Unreadable
from meekoppel_hub.consultation.record import record_event
from meekoppel_hub.consultation.requests import is_known, keep_waiting, remember, waits
from meekoppel_hub.platform.organisations import Organisation
from meekoppel_hub.platform.rejections import to_sender
from meekoppel_hub.platform.stream.records import Outgoing, PartitionId

Publish = Callable[[Outgoing, PartitionId], None]


class Batch:
    """The transaction of one batch: handles requests, tells events, remembers what became of them.

    Args:
        connection: the transaction.
        publish: puts a record into the outbox, in the lane of a partition.
        handlers: by contract.
        organisations: those whose requests are in the batch, by code.
        now: the time that events get.
    """

    def __init__(
        self,
        connection: Connection,
        publish: Publish,
        handlers: Mapping[str, Handler],
        organisations: Mapping[OrgCode, Organisation],
        now: datetime,
    ) -> None:
        self.connection = connection
        self.now = now
        self.outcomes: Counter[tuple[str, Outcome]] = Counter()
        self._publish = publish
        self._handlers = handlers
        self._organisations = dict(organisations)

    def register(self, organisations: Mapping[OrgCode, Organisation]) -> None:
        """Add organisations whose requests are handled too."""
        self._organisations.update(organisations)

    def take(self, item: Request | Unreadable) -> None:
        """Decide on one record of an inbox."""
        if isinstance(item, Unreadable):
            self._answer(item, item.refusal)
            self._count(item, Outcome.REFUSED)
        elif is_known(self.connection, item):
            self._count(item, Outcome.RESENT)
        elif waits(self.connection, item, self._subject(item)):
            self._let_wait(item)
        else:
            self._count(item, self._decide(item, patient=True))

    def take_again(self, item: Request, *, patient: bool) -> Outcome:
        """Decide on a request that waited.

        Args:
            item: the request.
            patient: whether it may wait longer; else it is refused for what it waited for.
        """
        outcome = self._decide(item, patient=patient)
        if outcome is not Outcome.WAITING:
            self._count(item, outcome)
        return outcome

    def tell(
        self, event: Contract, topic: str, source: PartitionId, headers: tuple[tuple[str, bytes], ...] = ()
    ) -> str:
        """Store a numbered event as the newest state and in the history, and publish it; gives its id in the log."""
        numbered = NUMBERED[type(event)]
        value = CODECS[numbered.contract].encode(event)
        described = numbered.headers(event)
        record_event(self.connection, event, value, topic)
        message = Outgoing(
            topic, described.partition_key.encode(), value, [*described.to_kafka(), *headers], described.id
        )
        self._publish(message, source)
        return described.id

    def _decide(self, item: Request, *, patient: bool) -> Outcome:
        desk = RequestDesk(self, item, self._organisations.get(item.organisation))
        try:
            self._check_identity(item, desk)
            self._handlers[item.contract].handle(item.event, desk)
        except Refused as refused:
            return self._refuse(item, refused.refusal)
        except NotYet as not_yet:
            return self._let_wait(item) if patient else self._refuse(item, not_yet.refusal)
        outcome = Outcome.ACCEPTED if desk.told else Outcome.UNCHANGED
        remember(self.connection, item, outcome, self.now, event_id=desk.told[0] if desk.told else None)
        return outcome

    def _check_identity(self, item: Request, desk: RequestDesk) -> None:
        registered = self._organisations.get(item.organisation)
        if registered is None or not registered.active:
            state = "not registered" if registered is None else "not active"
            raise Refused(
                RejectionReason.PUBLISHER_NOT_ALLOWED,
                f"organisation {item.organisation!r} is {state} in this hub; ask its operator",
            )
        field, actor = self._handlers[item.contract].actor(item.event)
        if actor != item.organisation:
            raise Refused(
                RejectionReason.PUBLISHER_NOT_ALLOWED,
                f"{field} is {actor!r}; through the inbox of {item.organisation!r} it speaks for itself alone",
                field,
            )

    def _refuse(self, item: Request, refusal: Refusal) -> Outcome:
        self._answer(item, refusal)
        remember(self.connection, item, Outcome.REFUSED, self.now, refusal=refusal)
        return Outcome.REFUSED

    def _answer(self, item: Request | Unreadable, refusal: Refusal) -> None:
        answer = to_sender(item.record, item.organisation, refusal.reason, refusal.message, refusal.field, self.now)
        self._publish(answer, item.record.source)

    def _let_wait(self, item: Request) -> Outcome:
        keep_waiting(self.connection, item, self._subject(item), self.now)
        return Outcome.WAITING

    def _subject(self, item: Request) -> str:
        return self._handlers[item.contract].subject(item.event)

    def _count(self, item: Request | Unreadable, outcome: Outcome) -> None:
        self.outcomes[item.contract if isinstance(item, Request) else "", outcome] += 1


class RequestDesk:
    """The `Desk` at which one request is handled."""

    def __init__(self, batch: Batch, item: Request, organisation: Organisation | None) -> None:
        self.told: list[str] = []
        self._batch = batch
        self._item = item
        self._organisation = organisation

    @property
    def connection(self) -> Connection:
        """The open transaction."""
        return self._batch.connection

    @property
    def now(self) -> datetime:
        """The time that events get."""
        return self._batch.now

    @property
    def organisation(self) -> Organisation:
        """Who asks."""
        assert self._organisation is not None, "the identity was checked before"
        return self._organisation

    def head(self, contract: str, subject: str) -> Any:
        """Give the newest event about a subject, locked, or None."""
        return load_head(self.connection, contract, subject)

    def next_revision(self, before: Any) -> int:
        """Give the number that follows on an event, 1 when there is none."""
        return 1 if before is None else int(before.revision) + 1

    def tell(self, event: Contract, topic: str) -> None:
        """Store and publish an event, with the request that it came of."""
        # With it the requests can be read back from the log.
        came_of = (INBOX_ID_HEADER, f"{self._item.organisation}/{self._item.request_id}".encode())
        self.told.append(self._batch.tell(event, topic, self._item.record.source, (came_of,)))
