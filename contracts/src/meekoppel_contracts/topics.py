"""The topics: their names, what travels in them, and for how long it is kept."""

from __future__ import annotations

from dataclasses import dataclass

from meekoppel_contracts.ids import OrgCode

PLANS = "plans"
PLANS_RESTRICTED = "plans-restricted"
COORDINATION = "coordination"
COORDINATION_RESTRICTED = "coordination-restricted"
AREAS = "areas"
QUALITY = "quality"
INBOX_PREFIX = "plan-inbox."
COORDINATION_INBOX_PREFIX = "coordination-inbox."
REJECTIONS_PREFIX = "plan-rejections."
HEARTBEATS_PREFIX = "heartbeats."
DEAD_LETTERS_PREFIX = "dead-letters."

MAX_EVENT_BYTES = 256 * 1024
"""The largest event that an inbox takes: a polygon of some 16,000 points."""

FOR_EVER = -1
NINETY_DAYS_MS = 90 * 24 * 3600 * 1000
SEVEN_DAYS_MS = 7 * 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """How a topic is to be made.

    Attributes:
        name: the name in Kafka.
        partitions: how many partitions; the partition key is the plan id, or the id of what has no single plan.
        retention_ms: how long records are kept, in milliseconds; -1 is for ever.
    """

    name: str
    partitions: int
    retention_ms: int


def inbox(organisation: OrgCode) -> str:
    """Name the topic into which one organisation publishes its plan changes."""
    return f"{INBOX_PREFIX}{organisation}"


def coordination_inbox(organisation: OrgCode) -> str:
    """Name the topic into which one organisation says what it thinks of overlaps, proposes, answers and declares."""
    return f"{COORDINATION_INBOX_PREFIX}{organisation}"


def rejections(organisation: OrgCode) -> str:
    """Name the topic in which one organisation reads what the hub did not accept of its inboxes."""
    return f"{REJECTIONS_PREFIX}{organisation}"


def heartbeats(organisation: OrgCode) -> str:
    """Name the topic in which an organisation's connectors say that they run, also when nothing changed."""
    return f"{HEARTBEATS_PREFIX}{organisation}"


def dead_letters(service: str) -> str:
    """Name the topic in which a service puts records that can never succeed."""
    return f"{DEAD_LETTERS_PREFIX}{service}"


def hub_topics(partitions: int) -> tuple[TopicSpec, ...]:
    """List the hub's own topics; history of record is kept for ever."""
    return tuple(
        TopicSpec(name, partitions, FOR_EVER)
        for name in (PLANS, PLANS_RESTRICTED, COORDINATION, COORDINATION_RESTRICTED, AREAS, QUALITY)
    )


def organisation_topics(organisation: OrgCode, partitions: int) -> tuple[TopicSpec, ...]:
    """List the topics of one organisation."""
    return (
        TopicSpec(inbox(organisation), partitions, NINETY_DAYS_MS),
        # One partition: what an organisation says is handled in the order in which it was said.
        TopicSpec(coordination_inbox(organisation), 1, NINETY_DAYS_MS),
        TopicSpec(rejections(organisation), 1, NINETY_DAYS_MS),
        TopicSpec(heartbeats(organisation), 1, SEVEN_DAYS_MS),
    )


def answer_topic(name: str) -> TopicSpec:
    """Describe a topic in which the hub answers whoever sent something: rejections, dead letters.

    Such a topic may be missing when the first answer comes: the inbox of an organisation that was never registered.
    """
    return TopicSpec(name, 1, FOR_EVER if name.startswith(DEAD_LETTERS_PREFIX) else NINETY_DAYS_MS)
