"""Consultation on the log: every coordination inbox, and the log whose overlaps and plans it follows."""

from __future__ import annotations

from meekoppel_hub.consultation.clockwork import Clockwork
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
) -> tuple[StreamService[Received], Clockwork]:
    """Wire consultation: the consumer decides on what comes, the clockwork on what the time asks for."""
    config = ConsumerConfig(service=NAME, bootstrap=bootstrap, pattern=PATTERN, instance=settings.instance)
    service = StreamService(config, ConsultationProcessor(clock=clock), database, clock=clock)

    def wake() -> None:
        if service.publisher is not None:
            service.publisher.look_behind()

    return service, Clockwork(database, NAME, lambda: list(service.held), wake, clock=clock)
