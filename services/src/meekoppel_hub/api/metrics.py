"""The API's metrics, and what they mean; beside them GET /metrics gives those of the services in this process."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from meekoppel_hub.api import counts
from meekoppel_hub.api.context import ApiContext, Context
from meekoppel_hub.api.health import read_health

router = APIRouter(tags=["operations"])


class RequestMetrics:
    """Counts requests and times them, per route.

    `meekoppel_api_requests_total`: a rise of 5xx means that the database is away or the API is at fault: see its log.
    `meekoppel_api_request_seconds`: a slow route; look at its filters and the database's load.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "meekoppel_api_requests", "Requests by route and status.", ["route", "status"], registry=registry
        )
        self._seconds = Histogram("meekoppel_api_request_seconds", "Time to answer.", ["route"], registry=registry)

    def record(self, route: str, status: int, seconds: float) -> None:
        """Record one answered request."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)


class MeasuredRequests:
    """ASGI middleware that measures every request."""

    def __init__(self, app: ASGIApp, metrics: RequestMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            self._metrics.record(_route_of(scope), status, time.perf_counter() - began)


class DatabaseGauges(Collector):
    """Counts read from the database when they are asked for.

    `meekoppel_plans`, `meekoppel_overlaps`: how much there is. `meekoppel_service_lag`: rising means that a service
    does not keep up. `meekoppel_service_healthy` 0: see GET /health. `meekoppel_outbox`: rising means that Kafka
    does not accept. `meekoppel_parked`: above 0, see `meekoppel dead-letters list`.
    """

    def __init__(self, context: ApiContext) -> None:
        self._context = context

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Describe nothing, so that registering does not read the database."""
        return ()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Read all counts in one transaction."""
        with self._context.database.read() as connection:
            yield _gauge("meekoppel_plans", "Plans shared now.", ["status"], counts.plans_by_status(connection))
            yield _gauge("meekoppel_overlaps", "Pairs.", ["kind", "state"], counts.overlaps_by_kind(connection))
            yield _gauge("meekoppel_outbox", "Messages to publish.", ["service"], counts.outbox_by_service(connection))
            yield _gauge("meekoppel_parked", "Records set aside.", ["service"], counts.parked_by_service(connection))
            services = read_health(connection, self._context.clock())
        names = ["service", "instance"]
        lags = [(one.service, one.instance, one.lag) for one in services]
        yield _gauge("meekoppel_service_lag", "Records behind.", names, lags)
        well = [(one.service, one.instance, int(one.healthy)) for one in services]
        yield _gauge("meekoppel_service_healthy", "1 when well.", names, well)


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    responses={200: {"description": "The metrics.", "content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def get_metrics(context: Context) -> Response:
    """Give the metrics of the API, the database and the services in this process, in Prometheus' text format."""
    return Response(
        generate_latest(context.registry) + generate_latest(REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST}
    )


def _route_of(scope: Scope) -> str:
    """Name the route, with the prefix of an application of its own, such as the registry."""
    route = scope.get("route")
    path = getattr(route, "path", "none")
    return path if isinstance(route, Mount) else f"{scope.get('root_path', '')}{path}"


def _gauge(name: str, meaning: str, labels: list[str], rows: Iterable[tuple[str | int, ...]]) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, meaning, labels=labels)
    for *names, count in rows:
        gauge.add_metric([str(one) for one in names], float(count))
    return gauge
