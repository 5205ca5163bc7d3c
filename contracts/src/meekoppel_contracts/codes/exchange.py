"""The code lists of the exchange itself: rejections, heartbeats, notifications, quality."""

from __future__ import annotations

from enum import StrEnum


class RejectionReason(StrEnum):
    """Why the hub did not accept what an organisation sent."""

    UNDECODABLE = "undecodable"
    WRONG_KEY = "wrong_key"
    WRONG_NAMESPACE = "wrong_namespace"
    PUBLISHER_NOT_ALLOWED = "publisher_not_allowed"
    INITIATOR_NOT_ALLOWED = "initiator_not_allowed"
    WRONG_CRS = "wrong_crs"
    INVALID_GEOMETRY = "invalid_geometry"
    OUTSIDE_AREA = "outside_area"
    INVALID_PERIOD = "invalid_period"
    NOT_SHAREABLE = "not_shareable"
    MISSING_SEQUENCE = "missing_sequence"
    UNKNOWN_PLAN = "unknown_plan"
    STALE_EPOCH = "stale_epoch"
    TOO_LARGE = "too_large"
    UNKNOWN_SUBJECT = "unknown_subject"
    STALE_REVISION = "stale_revision"
    NOT_A_PARTY = "not_a_party"
    NOT_NOW = "not_now"
    OTHER = "other"


class ConnectorOutcome(StrEnum):
    """How a run of a connector ended, or how far it is."""

    RUNNING = "running"
    PUBLISHED = "published"
    WAITING = "waiting"
    GUARDED = "guarded"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    STOPPED = "stopped"
    UNKNOWN = "unknown"


class NotificationCategory(StrEnum):
    """What a notification asks of its reader (GIPOD)."""

    INFO = "info"
    WARNING = "warning"
    TASK = "task"


class NotificationState(StrEnum):
    """Whether a notification was dealt with (GIPOD)."""

    NEW = "new"
    HANDLED = "handled"
    EXPIRED = "expired"


class QualityEventType(StrEnum):
    """Whether figures of quality are the first of their period."""

    PUBLISHED = "published"
    REVISED = "revised"


class QualityPart(StrEnum):
    """What a part of the quality score is about."""

    COMPLETENESS = "completeness"
    PRECISION = "precision"
    FRESHNESS = "freshness"
    STABILITY = "stability"
    VALIDITY = "validity"
    OTHER = "other"
