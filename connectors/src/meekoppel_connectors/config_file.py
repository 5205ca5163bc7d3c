"""Reading YAML so that values stay as a planner wrote them.

PyYAML follows YAML 1.1, in which `No`, `on` and `Yes` are booleans, `0123` is an octal number, `12:30` is 750 and
`2026-03-01` is a date. Here only `true` and `false` are booleans, numbers are plain decimal numbers, and the rest is
text. A key that stands twice is an error: the second would silently win.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from meekoppel_connectors.errors import ConfigError


class _PlainLoader(yaml.SafeLoader):
    """Safe loader whose scalars are read as YAML 1.2 does."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own declaration, replaced as a whole


_SCALARS = (
    ("tag:yaml.org,2002:bool", r"true|false|True|False|TRUE|FALSE", "tfTF"),
    ("tag:yaml.org,2002:int", r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    ("tag:yaml.org,2002:float", r"[-+]?(?:0|[1-9][0-9]*)\.[0-9]+(?:[eE][-+]?[0-9]+)?", "-+0123456789"),
    ("tag:yaml.org,2002:null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("tag:yaml.org,2002:merge", r"<<", "<"),
)
for _tag, _pattern, _first in _SCALARS:
    _PlainLoader.add_implicit_resolver(_tag, re.compile(f"^(?:{_pattern})$"), list(_first))


def _mapping_without_doubles(loader: _PlainLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key) for key, _ in node.value]
    for index, key in enumerate(keys):
        if key in keys[:index]:
            raise yaml.constructor.ConstructorError(
                None, None, f"{key!r} stands twice", node.value[index][0].start_mark
            )
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


_PlainLoader.add_constructor("tag:yaml.org,2002:map", _mapping_without_doubles)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file whose top level is a mapping.

    Raises:
        ConfigError: when it cannot be read, is no YAML, or has a key twice; names the line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(path, "", f"there is no such file in {path.resolve().parent}") from None
    except UnicodeDecodeError:
        wanted = (
            "is no configuration but something else than text; `meekoppel-connector init FILE` makes a configuration"
        )
        raise ConfigError(path, "", f"{wanted} of an export") from None
    except OSError as error:
        raise ConfigError(path, "", f"cannot be read: {error}") from error
    try:
        content = yaml.load(text, Loader=_PlainLoader)  # noqa: S506 - a SafeLoader with fewer scalar types
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}" if error.problem_mark else ""
        tab = "; indent with spaces, not with tabs" if "'\\t'" in str(error.problem) else ""
        raise ConfigError(path, line, f"is not valid YAML: {error.problem}{tab}") from error
    except yaml.YAMLError as error:
        raise ConfigError(path, "", f"is not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise ConfigError(path, "", "is not a configuration: it must hold settings such as organisation and source")
    return {str(key): value for key, value in content.items()}
