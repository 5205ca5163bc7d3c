"""What travels in which topic, who writes it and who reads it: the table behind the documents and the registry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meekoppel_contracts.registry import (
    AGREEMENT_EVENT,
    AREA_EVENT,
    ASSESSMENT_EVENT,
    CONNECTOR_HEARTBEAT,
    COOPERATION_EVENT,
    MORATORIUM_EVENT,
    OVERLAP_EVENT,
    PLAN_EVENT,
    PLAN_REJECTION,
    QUALITY_EVENT,
)
from meekoppel_contracts.topics import (
    AREAS,
    COORDINATION,
    COORDINATION_INBOX_PREFIX,
    COORDINATION_RESTRICTED,
    DEAD_LETTERS_PREFIX,
    HEARTBEATS_PREFIX,
    INBOX_PREFIX,
    PLANS,
    PLANS_RESTRICTED,
    QUALITY,
    REJECTIONS_PREFIX,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicUse:
    """One topic, or one per organisation or service.

    Attributes:
        address: its name; what differs per organisation or service stands in braces at the end.
        contracts: what travels in it; empty where it takes anything, as it came.
        meaning: what is in it, in words.
        key: what the records are keyed by.
        publishers: who writes it.
        subscribers: who reads it.
    """

    address: str
    contracts: tuple[str, ...]
    meaning: str
    key: str
    publishers: tuple[str, ...]
    subscribers: tuple[str, ...]

    @property
    def parameter(self) -> str | None:
        """What differs per topic, such as `organisation`; None for a single topic."""
        return self.address.split("{")[1].rstrip("}") if "{" in self.address else None

    def has(self, topic: str) -> bool:
        """Tell whether a topic is this one, or one of these."""
        prefix, brace, _ = self.address.partition("{")
        return topic.startswith(prefix) and len(topic) > len(prefix) if brace else topic == self.address


_INTAKE = "the hub's intake"
_COORDINATION = "the hub's coordination"
_NOTIFICATIONS = "the hub's notifications"
_HISTORY = "the hub's history"
_QUALITY = "the hub's quality"
_CONNECTOR = "the connector of that organisation"
_NOT_YET = "the hub (not yet)"
_CONSULTATION = "the hub's consultation"
_PARTICIPANTS = "every participant"
_ORGANISATION = "that organisation"
_API = "the hub's API, for an organisation that asks it to"
_OF_COORDINATION_INBOX = (ASSESSMENT_EVENT, COOPERATION_EVENT, MORATORIUM_EVENT, AREA_EVENT, AGREEMENT_EVENT)
_OF_COORDINATION = (OVERLAP_EVENT, ASSESSMENT_EVENT, COOPERATION_EVENT)

TOPIC_TABLE: Final = (
    TopicUse(
        address=f"{INBOX_PREFIX}{{organisation}}",
        contracts=(PLAN_EVENT,),
        meaning="what one organisation sends in; only that organisation may write",
        key="plan id",
        publishers=(_CONNECTOR,),
        subscribers=(_INTAKE,),
    ),
    TopicUse(
        address=f"{COORDINATION_INBOX_PREFIX}{{organisation}}",
        contracts=_OF_COORDINATION_INBOX,
        meaning="what one organisation says of overlaps, proposes and declares; only that organisation may write",
        key="id of what it is about",
        publishers=(_ORGANISATION, _API),
        subscribers=(_CONSULTATION,),
    ),
    TopicUse(
        address=f"{REJECTIONS_PREFIX}{{organisation}}",
        contracts=(PLAN_REJECTION,),
        meaning="what the hub did not accept, why, and the original bytes",
        key="plan id, or the key that the record had",
        publishers=(_INTAKE, _CONSULTATION),
        subscribers=(_CONNECTOR, _ORGANISATION),
    ),
    TopicUse(
        address=PLANS,
        contracts=(PLAN_EVENT,),
        meaning="the shared log: every accepted change of every plan, kept for ever",
        key="plan id",
        publishers=(_INTAKE,),
        subscribers=(_COORDINATION, _NOTIFICATIONS, _HISTORY, _PARTICIPANTS),
    ),
    TopicUse(
        address=PLANS_RESTRICTED,
        contracts=(PLAN_EVENT,),
        meaning="the same for restricted plans; the hub only",
        key="plan id",
        publishers=(_INTAKE,),
        subscribers=(_COORDINATION, _NOTIFICATIONS, _HISTORY),
    ),
    TopicUse(
        address=COORDINATION,
        contracts=_OF_COORDINATION,
        meaning="where plans of different organisations meet, or no longer do; what each party says of it; what they "
        "agree to do together",
        key="plan id, cooperation id",
        publishers=(_COORDINATION, _CONSULTATION),
        subscribers=(_CONSULTATION, _NOTIFICATIONS, _HISTORY, _PARTICIPANTS),
    ),
    TopicUse(
        address=COORDINATION_RESTRICTED,
        contracts=_OF_COORDINATION,
        meaning="the same for pairs with a restricted plan; the hub only",
        key="plan id, cooperation id",
        publishers=(_COORDINATION, _CONSULTATION),
        subscribers=(_CONSULTATION, _NOTIFICATIONS, _HISTORY),
    ),
    TopicUse(
        address=AREAS,
        contracts=(AREA_EVENT, AGREEMENT_EVENT, MORATORIUM_EVENT),
        meaning="where an organisation has a say, by which rules plans meet there, and where and when the ground rests",
        key="area id, agreement id, moratorium id",
        publishers=(_CONSULTATION, _COORDINATION),
        subscribers=(_COORDINATION, _PARTICIPANTS),
    ),
    TopicUse(
        address=QUALITY,
        contracts=(QUALITY_EVENT,),
        meaning="how good, steady and fresh the plans of each publisher were, month by month",
        key="publisher",
        publishers=(_QUALITY,),
        subscribers=(_PARTICIPANTS,),
    ),
    TopicUse(
        address=f"{HEARTBEATS_PREFIX}{{organisation}}",
        contracts=(CONNECTOR_HEARTBEAT,),
        meaning="that an organisation's connectors run, also when nothing changed; kept for seven days",
        key="organisation and connector",
        publishers=(_CONNECTOR,),
        subscribers=(_NOT_YET,),
    ),
    TopicUse(
        address=f"{DEAD_LETTERS_PREFIX}{{service}}",
        contracts=(),
        meaning="what a service of the hub could not take further, as it came; the hub only",
        key="as it came",
        publishers=("that service",),
        subscribers=("the operator",),
    ),
)


def use_of_topic(topic: str) -> TopicUse | None:
    """Find a topic in the table; None when it is not Meekoppel's."""
    return next((use for use in TOPIC_TABLE if use.has(topic)), None)


def contract_of_topic(topic: str) -> str | None:
    """Name the contract that every record of a topic follows; None where there are several, or none is known."""
    use = use_of_topic(topic)
    return use.contracts[0] if use is not None and len(use.contracts) == 1 else None


def shared_topics() -> tuple[str, ...]:
    """List the topics that every hub has, whoever takes part."""
    return tuple(use.address for use in TOPIC_TABLE if use.parameter is None)
