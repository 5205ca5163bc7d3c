"""What the exchange itself says around the example plan: a heartbeat, a notification, figures of quality."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from meekoppel_contracts.codes import (
    ConnectorOutcome,
    NotificationCategory,
    NotificationState,
    QualityEventType,
    QualityPart,
)
from meekoppel_contracts.heartbeat import ConnectorHeartbeat
from meekoppel_contracts.ids import OrgCode, overlap_id
from meekoppel_contracts.notification import Notification, NotificationText
from meekoppel_contracts.quality import QualityEvent, QualityPoints
from meekoppel_contracts.testing.plans import EXAMPLE_PLAN_ID, OTHER_PLAN_ID


def example_heartbeat(**changes: Any) -> ConnectorHeartbeat:
    """Make the heartbeat after the run that found the example plan; `changes` replace top-level fields."""
    heartbeat: dict[str, Any] = {
        "organisation": OrgCode("gm0307"),
        "connector": "projecten",
        "connector_version": "0.1.0",
        "contracts_version": "0.1.0",
        "source_format": "geopackage",
        "epoch": "20260301T060000000000Z-0a1b2c",
        "last_sequence": 41,
        "run_started_at": datetime(2026, 3, 2, 8, 15, tzinfo=UTC),
        "run_finished_at": datetime(2026, 3, 2, 8, 15, 2, 400_000, tzinfo=UTC),
        "source_as_of": datetime(2026, 3, 2, 8, 0, tzinfo=UTC),
        "outcome": ConnectorOutcome.PUBLISHED,
        "rows_read": 312,
        "rows_rejected": 2,
        "plans_unchanged": 309,
        "events_published": 1,
        "live_plans": 310,
        "next_run_due_at": datetime(2026, 3, 2, 9, 15, tzinfo=UTC),
        "message": "2 rows were rejected: a date cannot be read.",
        "sent_at": datetime(2026, 3, 2, 8, 15, 2, 450_000, tzinfo=UTC),
    }
    return ConnectorHeartbeat(**{**heartbeat, **changes})


def example_notification(**changes: Any) -> Notification:
    """Make the task to look at the overlap of the example plan; `changes` replace top-level fields."""
    pair = overlap_id(EXAMPLE_PLAN_ID, OTHER_PLAN_ID)
    notification: dict[str, Any] = {
        "notification_id": "msg_5c0f8e2a9d1b4e63a7c28f1d0b9e4a57",
        "revision": 1,
        "category": NotificationCategory.TASK,
        "type": "overlap.detected",
        "organisation": OrgCode("gm0307"),
        "subject": pair,
        "plan_id": EXAMPLE_PLAN_ID,
        "text": NotificationText(
            nl="Uw werk aan de Hogeweg raakt dat van Vitens: beoordeel de samenloop.",
            en="Your works on Hogeweg meet those of Vitens: assess the overlap.",
        ),
        "url": f"https://hub.example.org/overlaps/{pair}",
        "state": NotificationState.NEW,
        "expires_at": datetime(2026, 4, 1, 8, 15, 5, tzinfo=UTC),
        "deadline": datetime(2026, 3, 16, 23, 0, tzinfo=UTC),
        "event_ids": (f"{pair}/1",),
        "created_at": datetime(2026, 3, 2, 8, 15, 5, tzinfo=UTC),
        "recorded_at": datetime(2026, 3, 2, 8, 15, 5, tzinfo=UTC),
    }
    return Notification(**{**notification, **changes})


def example_quality(**changes: Any) -> QualityEvent:
    """Make the figures of the example plan's publisher over one month; `changes` replace top-level fields."""
    points = {"completeness": 71.5, "precision": 88.0, "freshness": 93.2, "stability": 84.1, "validity": 97.0}
    weights = {"completeness": 25.0, "precision": 20.0, "freshness": 20.0, "stability": 20.0, "validity": 15.0}
    figures: dict[str, Any] = {
        "type": QualityEventType.PUBLISHED,
        "publisher": OrgCode("gm0307"),
        "period": "2026-03",
        "starts": datetime(2026, 3, 1, tzinfo=UTC),
        "ends": datetime(2026, 4, 1, tzinfo=UTC),
        "revision": 1,
        "formula": "quality/1",
        "score": 85,
        "parts": tuple(
            QualityPoints(part=QualityPart(name), points=points[name], weight=weight)
            for name, weight in weights.items()
        ),
        "live_plans": 310,
        "events": 412,
        "rejections": 2,
        "plans_moved": 29,
        "starts_earlier": 4,
        "starts_later": 21,
        "start_days": 873,
        "ends_earlier": 5,
        "ends_later": 23,
        "end_days": 1012,
        "late_moves": 6,
        "silent_3_months": 40,
        "silent_6_months": 12,
        "silent_12_months": 3,
        "overdue": 2,
        "vanished": 1,
        "repaired": 4,
        "recorded_at": datetime(2026, 4, 1, 3, 0, tzinfo=UTC),
    }
    return QualityEvent(**{**figures, **changes})
