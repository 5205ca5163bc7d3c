"""The configuration of a connector: one YAML file, explained for planners in `docs/connectors.md`.

Relative paths in it count from the folder of the file, so that a connector can be started from anywhere.
"""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pyproj import CRS
from pyproj.exceptions import CRSError

from meekoppel_connectors.config_file import read_yaml
from meekoppel_connectors.errors import ConfigError, ConnectorError
from meekoppel_connectors.mapping.compiling import compile_plan
from meekoppel_connectors.mapping.dates import known_zone
from meekoppel_connectors.mapping.rules import PlanRules, RuleError
from meekoppel_contracts.plan import Organisation

BOOTSTRAP_VARIABLE = "MEEKOPPEL_KAFKA_BOOTSTRAP"
DEFAULT_BOOTSTRAP = "127.0.0.1:9092"


def _metric_crs(number: int) -> int:
    try:
        crs = CRS.from_epsg(number)
    except CRSError:
        raise ValueError(f"EPSG:{number} is not a known coordinate reference system") from None
    if not crs.is_projected or any(axis.unit_name != "metre" for axis in crs.axis_info):
        raise ValueError(f"EPSG:{number} is not projected in metres; the hub's CRS is, such as 28992 (RD New)")
    return number


def _known_crs(value: int | str) -> int | str:
    try:
        CRS.from_user_input(value)
    except CRSError:
        raise ValueError(f"{value!r} is not a coordinate reference system; give an EPSG number such as 28992") from None
    return value


class Section(BaseModel):
    """What all parts of the configuration share: frozen, and nothing unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class KafkaConfig(Section):
    """How to reach Kafka.

    Attributes:
        bootstrap: `host:port,…`; the environment variable MEEKOPPEL_KAFKA_BOOTSTRAP when not given.
        security_protocol: as Kafka names it.
        sasl_mechanism: how the user name and password are proven.
        username: the SASL user.
        password_variable: the environment variable that holds the password, which never stands in the file.
        ca_file: the certificate authority that signed the brokers' certificates; the system's own by default.
    """

    bootstrap: str = Field(
        default_factory=lambda: os.environ.get(BOOTSTRAP_VARIABLE) or DEFAULT_BOOTSTRAP, min_length=1
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    username: str | None = None
    password_variable: str = "MEEKOPPEL_KAFKA_PASSWORD"  # noqa: S105 - a variable's name, not a password
    ca_file: Path | None = None

    @model_validator(mode="after")
    def _sasl_has_a_user(self) -> KafkaConfig:
        if self.security_protocol.startswith("SASL") and not self.username:
            raise ValueError(f"security_protocol {self.security_protocol} needs a username")
        return self

    def client_settings(self) -> dict[str, Any]:
        """Give the arguments with which any aiokafka client reaches this cluster.

        Raises:
            ConnectorError: when the password's environment variable is not set, or the CA file cannot be read.
        """
        settings: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap,
            "security_protocol": self.security_protocol,
        }
        if self.security_protocol.startswith("SASL"):
            password = os.environ.get(self.password_variable)
            if not password:
                raise ConnectorError(f"Set the environment variable {self.password_variable} to the password of Kafka.")
            settings |= {
                "sasl_mechanism": self.sasl_mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": password,
            }
        if self.security_protocol.endswith("SSL"):
            try:
                settings["ssl_context"] = ssl.create_default_context(cafile=self.ca_file)
            except (OSError, ssl.SSLError) as error:
                raise ConnectorError(f"kafka.ca_file {self.ca_file} cannot be read: {error}.") from error
        return settings


class GeometryColumns(Section):
    """In which columns the geometry stands; none of them when the file has geometry of its own (`native`).

    Attributes:
        x: the column of eastings or longitudes of points, in the source's CRS.
        y: the column of northings or latitudes.
        wkt: the column with well-known text, with or without `SRID=…;` or a CRS address before it.
    """

    x: str | None = None
    y: str | None = None
    wkt: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _native_has_no_columns(cls, value: object) -> object:
        if value == "native":
            return {}
        if not isinstance(value, dict):
            raise ValueError("give native, {x: column, y: column} or {wkt: column}")
        return value

    @model_validator(mode="after")
    def _one_way(self) -> GeometryColumns:
        if (self.x is None) != (self.y is None) or (self.x is not None and self.wkt is not None):
            raise ValueError("give native, {x: column, y: column} or {wkt: column}")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it names; empty for native geometry."""
        return tuple(name for name in (self.x, self.y, self.wkt) if name is not None)


class SourceConfig(Section):
    """Where the rows come from.

    Attributes:
        format: the kind of file.
        path: the file.
        layer: of a GeoPackage with several layers.
        sheet: of a workbook; the first by default.
        delimiter: of a CSV file; found out by default.
        encoding: of a CSV file (UTF-8 by default), a Shapefile, or an XML file that does not say it itself.
        header_row: in which line of a CSV file or sheet the names of the columns stand, from 1.
        record: of XML: the element that is one row; `a/b` means a `b` inside an `a`. Name spaces do not count.
        crs: of the coordinates; what the file says by default.
        geometry: `native`, or the column or columns that hold it.
        axis_order: `yx` when the source gives latitude or northing first.
        decimal: the decimal sign of coordinates in text; found out by default.
        repair: whether invalid polygons are repaired; else their rows are rejected.
    """

    format: Literal["geojson", "gpkg", "shapefile", "csv", "xlsx", "xml"]
    path: Path
    layer: str | None = None
    sheet: str | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    encoding: str | None = None
    header_row: int = Field(default=1, ge=1)
    record: str | None = None
    crs: Annotated[int | str, AfterValidator(_known_crs)] | None = None
    geometry: GeometryColumns = GeometryColumns()
    axis_order: Literal["xy", "yx"] = "xy"
    decimal: Literal[".", ","] | None = None
    repair: bool = True

    @model_validator(mode="after")
    def _options_fit_the_format(self) -> SourceConfig:
        if self.format in {"csv", "xlsx", "xml"} and not self.geometry.columns:
            raise ValueError(f"format {self.format} has no geometry; give geometry: {{x: …, y: …}} or {{wkt: …}}")
        if self.format == "xml" and not self.record:
            raise ValueError("format xml needs record: the name of the element that is one row")
        for option, formats in _OPTION_FORMATS.items():
            if option in self.model_fields_set and self.format not in formats:
                raise ValueError(f"{option} does not belong to format {self.format}, only to {', '.join(formats)}")
        return self


_OPTION_FORMATS = {
    "layer": ("gpkg",),
    "sheet": ("xlsx",),
    "delimiter": ("csv",),
    "header_row": ("csv", "xlsx"),
    "record": ("xml",),
    "encoding": ("csv", "shapefile", "xml"),
}


class GuardConfig(Section):
    """When a run stops and asks: more than this share of the live plans went missing or changed at once."""

    share: float = Field(default=0.2, gt=0, le=1)


class ConnectorConfig(Section):
    """Everything that a connector is told.

    Attributes:
        path: the configuration file itself.
        organisation: the publisher; it writes to the topic `plan-inbox.<organisation>`.
        oin: the publisher's Dutch government organisation number, where there is one.
        namespace: the first part of every plan id; the hub's own.
        hub_crs: EPSG number of the hub's CRS, projected, in metres.
        time_zone: of times in the source, and of `--as-of`, that have none.
        kafka: how to reach Kafka.
        state: the SQLite file with the last snapshot, the outbox, rejected rows and runs.
        source: where the rows come from.
        guard: when a run stops and asks.
        contact_is_functional: the organisation states that all mail addresses and phone numbers are functional.
        plan: plan field → rule, as written.
    """

    path: Path
    organisation: Organisation
    oin: str | None = Field(default=None, pattern=r"^\d{20}$")
    namespace: str = Field(default="NL", pattern=r"^[A-Z][A-Z0-9]{0,9}$")
    hub_crs: Annotated[int, AfterValidator(_metric_crs)] = 28992
    time_zone: Annotated[str, AfterValidator(known_zone)] = "Europe/Amsterdam"
    kafka: KafkaConfig = Field(default_factory=KafkaConfig)
    state: Path
    source: SourceConfig
    guard: GuardConfig = GuardConfig()
    contact_is_functional: bool = False
    plan: dict[str, Any]

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of naive times."""
        return ZoneInfo(self.time_zone)

    def plan_rules(self) -> PlanRules:
        """Compile the mapping; `load_config` has proven that it compiles.

        Raises:
            ConfigError: when the mapping is wrong.
        """
        try:
            return compile_plan(self.plan, self.zone)
        except RuleError as error:
            raise ConfigError(self.path, error.path, error.problem) from error


def load_config(path: Path) -> ConnectorConfig:
    """Read and check a configuration file; relative paths in it count from its folder.

    Raises:
        ConfigError: when the file cannot be read, or says something that cannot be; names the file and the field.
    """
    content = read_yaml(path)
    if "path" in content:
        raise ConfigError(path, "path", "is not a setting; the source's file is source.path")
    try:
        config = ConnectorConfig.model_validate({**content, "path": path.resolve()})
    except ValidationError as error:
        raise _first_problem(path, error) from error
    config = _with_absolute_paths(config)
    config.plan_rules()
    return config


def _with_absolute_paths(config: ConnectorConfig) -> ConnectorConfig:
    folder = config.path.parent
    source = config.source.model_copy(update={"path": folder / config.source.path})
    ca_file = config.kafka.ca_file
    kafka = config.kafka.model_copy(update={"ca_file": folder / ca_file if ca_file else None})
    return config.model_copy(update={"state": folder / config.state, "source": source, "kafka": kafka})


def _first_problem(path: Path, error: ValidationError) -> ConfigError:
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "missing":
        message = "is missing; it must be given"
    elif first["type"] == "extra_forbidden":
        message = "is not a setting of a connector; see docs/connectors.md"
    return ConfigError(path, field, message)
