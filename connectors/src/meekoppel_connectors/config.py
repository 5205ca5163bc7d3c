"""The configuration of a connector: one YAML file, explained for planners in `docs/connectors.md`.

Relative paths in it count from the folder of the file, so that a connector can be started from anywhere.
"""

from __future__ import annotations

import os
import re
import ssl
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, SerializeAsAny, ValidationError, model_validator
from pyproj import CRS
from pyproj.exceptions import CRSError

from meekoppel_connectors.config_file import read_yaml
from meekoppel_connectors.errors import ConfigError, Fatal, SourceError
from meekoppel_connectors.mapping.compiling import compile_plan
from meekoppel_connectors.mapping.dates import known_zone
from meekoppel_connectors.mapping.privacy.settings import PrivacySettings
from meekoppel_connectors.mapping.rules import PlanRules, RuleError
from meekoppel_connectors.operating.schedule import Schedule
from meekoppel_connectors.secrets import read_secret
from meekoppel_connectors.settings import Section
from meekoppel_connectors.sources.opening import known_formats, source_class
from meekoppel_connectors.sources.settings import SourceSettings
from meekoppel_contracts.heartbeat import CONNECTOR_NAME_LENGTH
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


_BROKER = re.compile(r"(?:\[[0-9a-fA-F:.]+\]|[^:\s\[\]]+)(?::(\d{1,5}))?")


def _brokers(text: str) -> str:
    for broker in text.split(","):
        found = _BROKER.fullmatch(broker.strip())
        if found is None or int(found[1] or 0) > 65535:
            raise ValueError(f"{broker!r} is no address of a broker; write host:port, several with commas between them")
    return text


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

    bootstrap: Annotated[str, AfterValidator(_brokers)] = Field(
        default_factory=lambda: os.environ.get(BOOTSTRAP_VARIABLE) or DEFAULT_BOOTSTRAP, validate_default=True
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
            Fatal: when the password's environment variable is not set, or the CA file cannot be read.
        """
        settings: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap,
            "security_protocol": self.security_protocol,
        }
        if self.security_protocol.startswith("SASL"):
            settings |= {
                "sasl_mechanism": self.sasl_mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": read_secret(self.password_variable, "kafka.password_variable"),
            }
        if self.security_protocol.endswith("SSL"):
            try:
                settings["ssl_context"] = ssl.create_default_context(cafile=self.ca_file)
            except (OSError, ssl.SSLError) as error:
                raise Fatal(f"kafka.ca_file {self.ca_file} cannot be read: {error}.") from error
        return settings


class GuardConfig(Section):
    """When a run stops and asks: more than this share of the live plans went missing or changed at once."""

    share: float = Field(default=0.2, gt=0, le=1)


class ConnectorConfig(Section):
    """Everything that a connector is told.

    Attributes:
        path: the configuration file itself.
        name: of the connector, unique within the organisation; the name of the file by default.
        organisation: the publisher; it writes to the topic `plan-inbox.<organisation>`.
        oin: the publisher's Dutch government organisation number, where there is one.
        namespace: the first part of every plan id; the hub's own.
        hub_crs: EPSG number of the hub's CRS, projected, in metres.
        time_zone: of times in the source, and of `--as-of`, that have none.
        kafka: how to reach Kafka.
        state: the SQLite file with the last snapshot, the outbox, rejected rows and runs.
        source: where the rows come from.
        guard: when a run stops and asks.
        schedule: when it runs, when it is started without `--once`.
        contact_is_functional: the organisation states that all mail addresses and phone numbers are functional.
        privacy: what happens to what looks like a person's own name, mail address or number.
        plan: plan field → rule, as written.
    """

    path: Path
    name: str | None = Field(default=None, min_length=1, max_length=CONNECTOR_NAME_LENGTH)
    organisation: Organisation
    oin: str | None = Field(default=None, pattern=r"^\d{20}$")
    namespace: str = Field(default="NL", pattern=r"^[A-Z][A-Z0-9]{0,9}$")
    hub_crs: Annotated[int, AfterValidator(_metric_crs)] = 28992
    time_zone: Annotated[str, AfterValidator(known_zone)] = "Europe/Amsterdam"
    kafka: KafkaConfig = Field(default_factory=KafkaConfig)
    state: Path
    source: SerializeAsAny[SourceSettings]
    guard: GuardConfig = GuardConfig()
    schedule: Schedule | None = None
    contact_is_functional: bool = False
    privacy: PrivacySettings = PrivacySettings()
    plan: dict[str, Any]

    @property
    def connector_name(self) -> str:
        """Name the connector within its organisation."""
        return self.name or self.path.stem[:CONNECTOR_NAME_LENGTH]

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
            return compile_plan(self.plan, self.zone, contact_is_functional=self.contact_is_functional)
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
    path = path.resolve()
    content = content | {"path": path, "source": _source_settings(path, content.get("source"))}
    try:
        config = ConnectorConfig.model_validate(content)
    except ValidationError as error:
        raise _first_problem(path, error) from error
    config = _with_absolute_paths(config)
    config.plan_rules()
    return config


def _source_settings(path: Path, written: Any) -> SourceSettings:
    """Check the `source:` part by the settings of its own format."""
    if not isinstance(written, dict) or "format" not in written:
        raise ConfigError(path, "source.format", f"must be given: one of {', '.join(known_formats())}")
    try:
        kind = source_class(str(written["format"]), path.parent)
        return kind.settings_type.model_validate(written)
    except SourceError as error:
        raise ConfigError(path, "source.format", str(error)) from error
    except ValidationError as error:
        raise _first_problem(path, error, "source") from error


def _with_absolute_paths(config: ConnectorConfig) -> ConnectorConfig:
    folder = config.path.parent
    ca_file = config.kafka.ca_file
    kafka = config.kafka.model_copy(update={"ca_file": folder / ca_file if ca_file else None})
    state = folder / config.state
    source = config.source.in_folder(folder).beside(state)
    return config.model_copy(update={"state": state, "source": source, "kafka": kafka})


def _first_problem(path: Path, error: ValidationError, *within: str) -> ConfigError:
    first = error.errors()[0]
    field = ".".join((*within, *(str(part) for part in first["loc"])))
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "missing":
        message = "is missing; it must be given"
    elif first["type"] == "extra_forbidden":
        message = _unknown_setting(within)
    return ConfigError(path, field, message)


def _unknown_setting(within: tuple[str, ...]) -> str:
    if within:
        return "is not a setting of this format; see docs/sources.md, or `meekoppel-connector spec` and its name"
    return "is not a setting of a connector; see docs/connectors.md"
