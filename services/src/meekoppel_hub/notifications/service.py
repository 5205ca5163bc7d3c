"""Notifications on the log: who is affected by a change; and the worker that delivers."""

from __future__ import annotations

from meekoppel_hub.notifications.changes import Change, PassedOver
from meekoppel_hub.notifications.consume import TOPICS, NotificationsProcessor
from meekoppel_hub.notifications.deliver import DeliveryWorker
from meekoppel_hub.platform.clock import Clock, utc_now
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.settings import HubSettings
from meekoppel_hub.platform.stream.consumer import StreamService
from meekoppel_hub.platform.stream.subscription import ConsumerConfig

NAME = "notifications"
# Nobody waits for a message to the tenth of a second; what comes together costs less.
PACE_MS = 100


def notifications_service(
    settings: HubSettings, bootstrap: str, database: Database, clock: Clock = utc_now
) -> tuple[StreamService[Change | PassedOver], DeliveryWorker]:
    """Wire notifications: the consumer stores what is to be sent and wakes the worker, which sends it."""
    worker = DeliveryWorker(database, settings, clock)
    processor = NotificationsProcessor(database, settings.namespace, clock, on_queued=worker.wake)
    config = ConsumerConfig(
        service=NAME, bootstrap=bootstrap, topics=tuple(TOPICS), instance=settings.instance, pace_ms=PACE_MS
    )
    return StreamService(config, processor, database, clock=clock), worker
