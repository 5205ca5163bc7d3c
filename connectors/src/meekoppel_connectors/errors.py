"""What can go wrong in a connector, named by who has to do something.

    ConnectorError
    ├── ConfigError     the configuration file: the organisation changes it; names file and field
    ├── SourceError     the source: it is not there, cannot be read, or lacks what the configuration names
    ├── StateError      the state file (SQLite) cannot be used
    └── BrokerError     Kafka cannot be reached, or refused what was sent

A row that cannot become a plan is no error: it becomes a `Rejection` and the run goes on. A caller writes::

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


class ConfigError(ConnectorError):
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


class SourceError(ConnectorError):
    """The source cannot be read as the configuration says.

    Attributes:
        path: the source file.
        problem: what is wrong, in words.
    """

    def __init__(self, path: Path, problem: str) -> None:
        self.path = path
        self.problem = problem
        super().__init__(f"{path}: {problem}")


class StateError(ConnectorError):
    """The state file of the connector cannot be opened, read or written."""


class BrokerError(ConnectorError):
    """Kafka cannot be reached, or did not accept what was sent."""
