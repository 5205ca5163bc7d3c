"""The pages say what is so: their examples run, and their tables hold what the code holds."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from meekoppel_contracts import encode_plan_event, packaged_registry, plan_event_headers
from meekoppel_contracts.testing import EXAMPLE_PLAN_ID, example_event

PAGE = (Path(__file__).parents[2] / "docs" / "contracts.md").read_text("utf-8")


def test_the_example_reads_an_event_and_sets_aside_what_is_none() -> None:
    example: dict[str, Any] = {}
    code, _ = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(code, example)
    headers = plan_event_headers(example_event(), time=datetime(2026, 3, 2, tzinfo=UTC)).to_kafka()

    assert example["read"](encode_plan_event(example_event()), headers) == (
        f"{EXAMPLE_PLAN_ID} version 1: Rioolvervanging Hogeweg, from 2026-09-07"
    )
    assert example["read"](b"{}", headers).startswith("set aside: the value begins with byte 0x7b")


def test_every_header_is_explained() -> None:
    written = plan_event_headers(example_event(), time=datetime(2026, 3, 2, tzinfo=UTC), epoch="e").to_kafka()

    assert [name for name, _ in written if f"| `{name}` |" not in PAGE] == []


def test_every_version_of_every_contract_is_listed() -> None:
    registry = packaged_registry()
    listed = {(int(i), subject, int(v)) for i, subject, v in re.findall(r"\| (\d+) \| `([a-z-]+)` \| (\d+) \|", PAGE)}

    assert listed == {
        (entry.schema_id, entry.subject, entry.version)
        for subject in registry.subjects()
        for entry in registry.versions(subject)
    }
