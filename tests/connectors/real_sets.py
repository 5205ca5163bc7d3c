"""Reading a template of the package over a file: a real one of the shared data where that is present, or a twin."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from meekoppel_connectors import templates
from meekoppel_connectors.config import load_config
from meekoppel_connectors.mapping.read import read_plans
from meekoppel_connectors.mapping.row import MappedRow

DATA = Path(__file__).resolve().parents[2].parent / "shared/data"
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def real(path: str) -> Path:
    """Give a real file; a test that asks for one that is missing says so, and its twin stands beside it."""
    file = DATA / path
    if not file.exists():
        pytest.skip(f"{file} is missing: only the synthetic twin was read")
    return file


def read_with(template: str, folder: Path, file: Path | None, **source: Any) -> list[MappedRow]:
    """Read a file with a template of the package, of which only the place (and what is given) is changed."""
    written = (Path(next(iter(templates.__path__))) / f"{template}.yaml").read_text(encoding="utf-8")
    content = yaml.safe_load(written)
    changed = content["source"] | {"path": str(file) if file else None, **source}
    content["source"] = {name: value for name, value in changed.items() if value is not None}
    config = folder / f"{template}.yaml"
    config.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return list(read_plans(load_config(config), NOW))


def counted(rows: list[MappedRow]) -> tuple[int, int, Mapping[str, int]]:
    """Count rows read, plans, and rejected rows by their first reason."""
    reasons = Counter(row.rejections[0].reason for row in rows if row.rejections)
    return len(rows), sum(row.plan is not None for row in rows), reasons


def json_file(folder: Path, content: Any, name: str = "feed.json") -> Path:
    """Write JSON to a file."""
    path = folder / name
    path.write_text(json.dumps(content), encoding="utf-8")
    return path
