"""Connectors: an organisation's own files, read and mapped to plans, compared with last time, and published.

The way of the data: `sources` → `mapping` → `difference` → `outbox` → `publish`; `run` goes that way once.
"""

from __future__ import annotations

from meekoppel_connectors.config import ConnectorConfig, load_config
from meekoppel_connectors.errors import (
    BrokerError,
    ConfigError,
    ConnectorError,
    Fatal,
    RejectedRow,
    Retriable,
    SourceAway,
    SourceError,
    StateError,
)
from meekoppel_connectors.mapping.read import read_plans
from meekoppel_connectors.mapping.row import MappedRow, Rejection, SourceRow
from meekoppel_connectors.sources.cursor import TieSafe
from meekoppel_connectors.sources.settings import FileSettings, SourceSettings
from meekoppel_connectors.sources.source import Description, Reached, Source

__all__ = [
    "BrokerError",
    "ConfigError",
    "ConnectorConfig",
    "ConnectorError",
    "Description",
    "Fatal",
    "FileSettings",
    "MappedRow",
    "Reached",
    "RejectedRow",
    "Rejection",
    "Retriable",
    "Source",
    "SourceAway",
    "SourceError",
    "SourceRow",
    "SourceSettings",
    "StateError",
    "TieSafe",
    "load_config",
    "read_plans",
]
