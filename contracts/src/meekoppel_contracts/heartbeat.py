"""That a connector runs, also when nothing changed: silence then means no change, not a connector that died."""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from meekoppel_contracts.codes import ConnectorOutcome
from meekoppel_contracts.plan import Contract, Count, Organisation

CONNECTOR_NAME_LENGTH = 100


class ConnectorHeartbeat(Contract):
    """How the last run of a connector went, and when the next is due.

    `epoch` and `last_sequence` are those of the headers in the inbox. `run_finished_at` is None while a run goes on.
    `message` holds no secrets and no personal data: whoever writes it sees to that.
    """

    organisation: Organisation
    connector: str = Field(min_length=1, max_length=CONNECTOR_NAME_LENGTH)
    connector_version: str = Field(min_length=1)
    contracts_version: str | None = None
    source_format: str = Field(min_length=1)
    epoch: str | None = None
    last_sequence: Count
    run_started_at: AwareDatetime | None = None
    run_finished_at: AwareDatetime | None = None
    source_as_of: AwareDatetime | None = None
    outcome: ConnectorOutcome
    rows_read: Count = 0
    rows_rejected: Count = 0
    plans_unchanged: Count = 0
    events_published: Count = 0
    outbox_waiting: Count = 0
    live_plans: Count | None = None
    next_run_due_at: AwareDatetime | None = None
    message: str | None = None
    sent_at: AwareDatetime
