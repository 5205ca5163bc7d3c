"""Coordination on the log: plans in, the shared view and overlap events out."""

from __future__ import annotations

from meekoppel_contracts.topics import PLANS, PLANS_RESTRICTED
from meekoppel_hub.coordination.agreement import load_agreement
from meekoppel_hub.coordination.consume import CoordinationProcessor
from meekoppel_hub.coordination.plan_change import PlanChange
from meekoppel_hub.platform.clock import Clock, utc_now
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.settings import HubSettings
from meekoppel_hub.platform.stream.consumer import StreamService
from meekoppel_hub.platform.stream.subscription import ConsumerConfig

NAME = "coordination"


def coordination_service(
    settings: HubSettings, bootstrap: str, database: Database, clock: Clock = utc_now
) -> StreamService[PlanChange]:
    """Wire coordination: it reads the open and the restricted log, and keeps the view under the set agreement."""
    topics = (PLANS, PLANS_RESTRICTED)
    config = ConsumerConfig(service=NAME, bootstrap=bootstrap, topics=topics, instance=settings.instance)
    processor = CoordinationProcessor(load_agreement(settings.agreement), settings.crs, clock=clock)
    return StreamService(config, processor, database, clock=clock)
