"""A connector that is pushed to: another system posts plans to it, and nothing is read.

The settings stand here, so that a configuration is checked and mapped like any other; the server is in `pushing`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Self

from pydantic import Field, model_validator

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.sources.http.settings import VARIABLE
from meekoppel_connectors.sources.pushed.street_manager import BRITISH_GRID
from meekoppel_connectors.sources.records.json import LONGITUDE_LATITUDE
from meekoppel_connectors.sources.settings import SourceSettings
from meekoppel_connectors.sources.source import Description, Reached, Source


class PushSettings(SourceSettings):
    """Plans that are posted to the connector.

    Attributes:
        messages: `plans`, JSON objects or GeoJSON features of any form; or `street-manager`, as Amazon's SNS posts
            them.
        host: the address on which it listens; only this computer's own by default.
        port: the port.
        token_variable: the environment variable with the token that a sender of plans must show.
        topics: the SNS topics of which messages are taken; those of no other are.
        changed_at: the field with the time of the change, so that an older message never undoes a newer one.
        limit_mb: the largest request that is taken, in megabytes.
        waiting_limit: how many events may wait for Kafka before no more are taken.
    """

    format: Literal["push"]
    messages: Literal["plans", "street-manager"] = "plans"
    host: str = "127.0.0.1"
    port: int = Field(default=8090, ge=0, le=65535)
    token_variable: str = Field(default="MEEKOPPEL_PUSH_TOKEN", pattern=VARIABLE)
    topics: tuple[str, ...] = ()
    changed_at: str | None = None
    limit_mb: float = Field(default=10, gt=0, le=500)
    waiting_limit: int = Field(default=100_000, gt=0)

    @model_validator(mode="after")
    def _topics_of_street_manager(self) -> Self:
        if self.messages == "street-manager" and not self.topics:
            raise ValueError("messages street-manager needs topics, the ARNs of the topics that you subscribed to")
        return self

    @property
    def place(self) -> str:
        """Where it listens."""
        return f"http://{self.host}:{self.port}/plans"


class PushedPlans(Source[PushSettings]):
    """What is pushed; it has nothing to read."""

    settings_type = PushSettings

    def describe(self, *, whole: bool = False) -> Description:
        """Give the CRS: that of GeoJSON, or the British National Grid."""
        crs = BRITISH_GRID if self.settings.messages == "street-manager" else LONGITUDE_LATITUDE
        return Description((), fixed=False, crs=None if self.settings.geometry.columns and crs != BRITISH_GRID else crs)

    def changes(self, since: str | None) -> Iterator[SourceRow | Reached]:
        """Refuse: nothing can be read.

        Raises:
            SourceError: always; says how to start it.
        """
        raise SourceError(self.settings.place, "is pushed to, and not read; start it with meekoppel-connector serve")
