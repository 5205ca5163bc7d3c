"""Sources and configurations that the tests of the connectors write for themselves."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from meekoppel_connectors.config import ConnectorConfig, load_config
from meekoppel_connectors.mapping.read import read_plans
from meekoppel_connectors.mapping.row import MappedRow
from meekoppel_contracts.plan import Plan

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

PLAN: dict[str, Any] = {
    "id": {"field": "nr"},
    "title": {"field": "titel"},
    "initiator": {"organisation": "gm0361", "name": "Gemeente Alkmaar", "kind": "municipality"},
    "status": "planned",
    "certainty": "firm",
    "period": {"earliest_start": {"field": "van"}, "latest_end": {"field": "tot"}},
}
ROW: dict[str, Any] = {
    "nr": "0041",
    "titel": "Riool Laat",
    "van": "2026-04-01",
    "tot": "2026-04-30",
    "x": "111500",
    "y": "516500",
}


def write_csv(path: Path, rows: Iterable[dict[str, Any]], delimiter: str = ";") -> Path:
    rows = list(rows)
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path


def settings(**changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "organisation": "gm0361",
        "state": "state.db",
        "source": {"format": "csv", "path": "feed.csv", "crs": 28992, "geometry": {"x": "x", "y": "y"}},
        "plan": PLAN,
    }
    return {**base, **changes}


def write_config(folder: Path, content: dict[str, Any]) -> Path:
    path = folder / "connector.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def configured(folder: Path, plan: dict[str, Any] | None = None, **changes: Any) -> ConnectorConfig:
    if plan is not None:
        changes["plan"] = {**PLAN, **plan}
    return load_config(write_config(folder, settings(**changes)))


def mapped(folder: Path, *rows: dict[str, Any], plan: dict[str, Any] | None = None, **changes: Any) -> list[MappedRow]:
    """Map rows of a CSV file; each row is `ROW` with changes."""
    write_csv(folder / "feed.csv", [{**ROW, **row} for row in rows or ({},)])
    return list(read_plans(configured(folder, plan, **changes), NOW))


def the_plan(folder: Path, row: dict[str, Any] | None = None, **arguments: Any) -> Plan:
    """Map one row that must become a plan."""
    (result,) = mapped(folder, row or {}, **arguments)
    assert result.plan is not None, result.rejections
    return result.plan


def the_reasons(folder: Path, row: dict[str, Any] | None = None, **arguments: Any) -> list[tuple[str, str]]:
    """Map one row that must be rejected, and give field and reason of each rejection."""
    (result,) = mapped(folder, row or {}, **arguments)
    assert result.plan is None
    return [(rejection.field, rejection.reason) for rejection in result.rejections]
