"""Consultation on the log: every coordination inbox, and the log whose overlaps and plans it follows."""

from __future__ import annotations

from meekoppel_hub.consultation.consume import PATTERN, ConsultationProcessor
from meekoppel_hub.consultation.outcome import Received
from meekoppel_hub.platform.clock import Clock, utc_now
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.settings import HubSettings
from meekoppel_hub.platform.stream.consumer import StreamService
from meekoppel_hub.platform.stream.subscription import ConsumerConfig

NAME = "consultation"


def consultation_service(
    settings: HubSettings, bootstrap: str, database: Database, clock: Clock = utc_now
) -> StreamService[Received]:
    """Wire consultation."""
    config = ConsumerConfig(service=NAME, bootstrap=bootstrap, pattern=PATTERN, instance=settings.instance)
    return StreamService(config, ConsultationProcessor(database, clock=clock), database, clock=clock)
