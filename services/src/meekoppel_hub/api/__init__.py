"""The HTTP interface of the hub: plans, overlaps, subscriptions, health and metrics."""

from meekoppel_hub.api.app import create_api

__all__ = ["create_api"]
