"""The hub's settings: from the environment (`MEEKOPPEL_…`), else sane defaults for one machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from meekoppel_hub.platform.errors import SettingsError


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError("there is no such time zone; write one such as Europe/Amsterdam") from error
    return name


class HubSettings(BaseSettings):
    """Everything that can be set about a hub.

    Attributes:
        data_folder: where local Kafka, the SQLite view and logs are kept.
        kafka_bootstrap: `host:port,…` of an existing cluster; empty starts a local Kafka.
        kafka_port: the port that a local Kafka takes when it is free; 0 takes any free one.
        database_url: SQLAlchemy URL of PostgreSQL with PostGIS; empty takes SQLite in the data folder.
        replica_url: URL of a replica of it, from which the API reads; empty reads where all is written.
        namespace: the first part of every plan id.
        crs: EPSG number of the hub's CRS: projected, in metres.
        time_zone: in which the days of exports and reports begin and end.
        partitions: of each topic that is made.
        api_host: the address on which the API listens.
        api_port: its port; 0 takes a free one.
        api_shared_port: whether other processes of the API listen on the same port, and share what comes in (Linux).
        public_url: the address at which users reach the API, for links in what is exported; empty writes none.
        allow_private_webhooks: whether webhooks may go to loopback and private addresses (demo and tests).
        instance: tells workers of one service apart; each has its own.
        stall_seconds: after how long without progress, while there is lag, the watchdog ends the process.
    """

    model_config = SettingsConfigDict(env_prefix="MEEKOPPEL_", extra="ignore")

    data_folder: Path = Path(".meekoppel")
    kafka_bootstrap: str = Field(default="", pattern=r"^([^\s:/,]+:\d{1,5}(,\s*[^\s:/,]+:\d{1,5})*)?$")
    kafka_port: int = Field(default=9092, ge=0, le=65535)
    database_url: str = ""
    replica_url: str = ""
    namespace: str = Field(default="NL", pattern=r"^[A-Z][A-Z0-9]{0,9}$")
    crs: int = Field(default=28992, gt=0)
    time_zone: Annotated[str, AfterValidator(_known_zone)] = "Europe/Amsterdam"
    partitions: int = Field(default=4, ge=1)
    api_host: str = "127.0.0.1"
    api_port: int = Field(default=8480, ge=0, le=65535)
    api_shared_port: bool = False
    public_url: str = Field(default="", pattern=r"^(https?://[^\s]+)?$")
    allow_private_webhooks: bool = False
    instance: str = Field(default="1", pattern=r"^[A-Za-z0-9-]{1,40}$")
    stall_seconds: float = Field(default=120.0, gt=0)

    @classmethod
    def read(cls) -> HubSettings:
        """Read the environment.

        Raises:
            SettingsError: when a variable has a value that cannot be used; the message names it.
        """
        try:
            return cls()
        except ValidationError as error:
            first = error.errors()[0]
            name = f"MEEKOPPEL_{'_'.join(str(part) for part in first['loc']).upper()}"
            raise SettingsError(f"{name}={first['input']!r} cannot be used: {first['msg']}") from error

    def sqlalchemy_url(self) -> str:
        """Give the URL of the view's database; SQLite in the data folder when none is set."""
        if self.database_url:
            return self.database_url
        return f"sqlite:///{(self.data_folder / 'view.db').resolve()}"
