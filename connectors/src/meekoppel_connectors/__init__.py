"""Connectors: an organisation's own files, read and mapped to plans, compared with last time, and published.

The way of the data: `sources` → `mapping` → `difference` → `outbox` → `publish`; `run` goes that way once.
"""

from __future__ import annotations

from meekoppel_connectors.config import ConnectorConfig, load_config
from meekoppel_connectors.errors import BrokerError, ConfigError, ConnectorError, SourceError, StateError
from meekoppel_connectors.mapping.read import read_plans
from meekoppel_connectors.mapping.row import MappedRow, Rejection, SourceRow

__all__ = [
    "BrokerError",
    "ConfigError",
    "ConnectorConfig",
    "ConnectorError",
    "MappedRow",
    "Rejection",
    "SourceError",
    "SourceRow",
    "StateError",
    "load_config",
    "read_plans",
]
