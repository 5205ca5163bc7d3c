"""Structured logs: one line of JSON per event on standard error, or readable text on a terminal."""

from __future__ import annotations

import logging
import sys

import structlog


def set_up_logs(level: int = logging.INFO) -> None:
    """Send the hub's events to standard error; libraries speak from WARNING on."""
    renderer = structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # Standard error as it is when something is said: what it was before may be closed, and must stop no service.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    # While a cluster starts, aiokafka calls what passes within a second an error; what lasts is in our own health.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    logging.getLogger("meekoppel.faststream").setLevel(logging.ERROR)
