"""What can go wrong in a connector, in three groups by what the runner does with them.

    ConnectorError
    ├── Fatal               the run ends: a person must change something
    │   ├── ConfigError     the configuration file: the organisation changes it; names file and field
    │   ├── SourceError     the source: it is not there, cannot be read, or lacks what the configuration names
    │   └── StateError      the state file (SQLite) cannot be used
    └── Retriable           trying again, after a while, may work; nothing is lost
        ├── SourceAway      the source does not answer, or is too busy
        ├── StateBusy       another run uses the state at this moment
        └── BrokerError     Kafka cannot be reached, or refused what was sent

    RejectedRow             one row, or one value of it, cannot be taken over; it is set aside and the run goes on

A caller writes::

    try:
        config = load_config(path)
        rows = list(read_plans(config, now))
    except ConnectorError as error:
        sys.exit(str(error))
"""

from __future__ import annotations

from pathlib import Path


class ConnectorError(Exception):
    """The connector cannot go on; the message is one sentence that says what, where and what to do."""


class Fatal(ConnectorError):
    """The run ends here, and the next would end the same way until a person changes something."""


class Retriable(ConnectorError):
    """Trying again after a while may work; a run does so itself while its patience lasts."""


class ConfigError(Fatal):
    """The configuration is wrong.

    Attributes:
        path: the configuration file.
        field: where in it, as `plan.status.codes`; empty when the whole file is meant.
        problem: what is wrong, in words.
    """

    def __init__(self, path: Path, field: str, problem: str) -> None:
        self.path = path
        self.field = field
        self.problem = problem
        super().__init__(f"{path.name}: {field}: {problem}" if field else f"{path.name}: {problem}")


class SourceError(Fatal):
    """The source cannot be read as the configuration says.

    Attributes:
        place: the source: a path, an address, or the name of a format.
        problem: what is wrong, in words.
    """

    def __init__(self, place: Path | str, problem: str) -> None:
        self.place = place
        self.problem = problem
        super().__init__(f"{place}: {problem}")


class StateError(Fatal):
    """The state file of the connector cannot be opened, read or written."""


class SourceAway(Retriable):
    """The source does not answer, or says that it is too busy.

    Attributes:
        place: the source: an address.
        problem: what happened, in words.
        retry_after_seconds: how long the source asked to wait; None when it did not say.
    """

    def __init__(self, place: str, problem: str, retry_after_seconds: float | None = None) -> None:
        self.place = place
        self.problem = problem
        self.retry_after_seconds = retry_after_seconds
        super().__init__(f"{place}: {problem}")


class StateBusy(Retriable):
    """Another run of the same connector uses the state file."""


class BrokerError(Retriable):
    """Kafka cannot be reached, or did not accept what was sent."""


class RejectedRow(Exception):
    """One row, or one value of it, cannot be taken over; becomes a `Rejection`, and the run goes on.

    Attributes:
        reason: a short code.
        message: what is wrong and what to do, in words.
    """

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        self.message = message
        super().__init__(message)
