"""The measures of notifications, each with what it means and what an operator does about it."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

# Notifications written for subscriptions, repeats after a crash included. Nothing to do.
QUEUED = Counter("meekoppel_notifications_queued_total", "Notifications written for subscriptions")

# Events of which nobody is told, by contract: assessments, cooperations. Nothing to do.
PASSED_OVER = Counter(
    "meekoppel_notifications_passed_over_total", "Events that notifications read and tells nobody of", ["contract"]
)

# Attempts to deliver, by outcome: delivered, retry, gone, refused. Many retries: see `meekoppel deliveries list`.
ATTEMPTS = Counter("meekoppel_delivery_attempts_total", "Attempts to deliver to a webhook", ["outcome"])

# Deliveries being sent by this process. At the limit all the time: receivers are slow, or start another worker.
IN_FLIGHT = Gauge("meekoppel_deliveries_in_flight", "Deliveries being sent now")

# From the first moment that a delivery could be sent to its success, in seconds. High: look at attempts by outcome.
DELAY = Histogram(
    "meekoppel_delivery_delay_seconds",
    "From queueing to a successful delivery",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600, 86400, 259200),
)
