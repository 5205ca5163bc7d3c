"""What one organisation is told, and whether it has dealt with it (GIPOD)."""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from meekoppel_contracts.codes import NotificationCategory, NotificationState
from meekoppel_contracts.plan import Contract, Organisation, PlanIdentifier

NOTIFICATION_TYPE_PATTERN = r"^[a-z][a-z_]*\.[a-z][a-z_]*$"


class NotificationText(Contract):
    """The words for people, in Dutch and in English."""

    nl: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Notification(Contract):
    """What one organisation is told, with its whole new state: it is updated, not sent again.

    `type` is `<thing>.<what happened>`, such as `overlap.detected`. Only a task has a `deadline`.
    """

    notification_id: str = Field(min_length=1)
    revision: int = Field(ge=1)
    category: NotificationCategory
    type: str = Field(pattern=NOTIFICATION_TYPE_PATTERN)
    organisation: Organisation
    subscription_id: str | None = None
    subject: str = Field(min_length=1)
    plan_id: PlanIdentifier | None = None
    text: NotificationText
    url: str | None = None
    state: NotificationState
    expires_at: AwareDatetime
    deadline: AwareDatetime | None = None
    reminded_at: AwareDatetime | None = None
    handled_at: AwareDatetime | None = None
    event_ids: tuple[str, ...] = ()
    created_at: AwareDatetime
    recorded_at: AwareDatetime
