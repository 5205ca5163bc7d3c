from __future__ import annotations

import io
import json
from pathlib import Path

from rich.console import Console

from meekoppel_connectors.preview import preview
from meekoppel_connectors.preview_screen import show
from tests.connectors.feeds import NOW, ROW, configured, write_csv


def test_a_preview_counts_all_rows_and_shows_the_first_plans(tmp_path: Path) -> None:
    write_csv(tmp_path / "feed.csv", [{**ROW, "nr": str(number)} for number in range(5)])
    result = preview(configured(tmp_path), NOW, limit=2)
    assert (result.rows, result.plans, result.rejected) == (5, 5, 0)
    assert [number for number, _ in result.shown] == [2, 3]


def test_every_rejected_row_is_printed_with_its_number_field_and_reason(tmp_path: Path) -> None:
    write_csv(tmp_path / "feed.csv", [ROW, {**ROW, "nr": "7", "titel": "", "van": "[red]soon"}])
    config = configured(tmp_path)
    output = io.StringIO()
    show(preview(config, NOW, limit=20), config.zone, 28992, Console(file=output, width=200))
    text = output.getvalue()
    assert "│ 3   │ 7  │ titel │ missing " in text
    assert "│ 3   │ 7  │ van   │ date_unreadable │ '[red]soon' is not a date" in text
    assert "2 rows: 1 plans, 1 rejected. Nothing was published." in text


def test_a_preview_becomes_json_with_geometry(tmp_path: Path) -> None:
    write_csv(tmp_path / "feed.csv", [ROW, {**ROW, "nr": "7", "x": ""}])
    content = json.loads(json.dumps(preview(configured(tmp_path), NOW, limit=20).as_json()))
    assert content["shown"][0]["plan"]["zones"][0]["srid"] == 28992
    assert content["rejections"][0]["reason"] == "geometry_missing"


def test_a_preview_leaves_nothing_behind(tmp_path: Path) -> None:
    write_csv(tmp_path / "feed.csv", [ROW])
    config = configured(tmp_path)
    before = set(tmp_path.iterdir())
    preview(config, NOW, limit=20)
    assert set(tmp_path.iterdir()) == before


def test_a_summary_shows_each_reason_with_a_row_and_what_is_to_be_looked_at(tmp_path: Path) -> None:
    rows = [{**ROW, "nr": str(number), "titel": "" if number == 4 else "Riool"} for number in range(5)]
    write_csv(tmp_path / "feed.csv", rows)
    config = configured(tmp_path)
    output = io.StringIO()
    show(preview(config, NOW, limit=0), config.zone, 28992, Console(file=output, width=200))
    text = output.getvalue()
    assert "1 × missing  such as row 6, titel: has no value" in text
    assert "status       4 planned" in text
    assert "in the Netherlands" in text
    assert "Look at this: All plans have the same title" in text


def test_a_piped_preview_has_no_colours(tmp_path: Path) -> None:
    write_csv(tmp_path / "feed.csv", [ROW])
    config = configured(tmp_path)
    output = io.StringIO()
    show(preview(config, NOW, limit=20), config.zone, 28992, Console(file=output, width=200))
    assert "\x1b" not in output.getvalue()


def test_no_text_of_a_source_commands_the_terminal(tmp_path: Path) -> None:
    write_csv(tmp_path / "feed.csv", [{**ROW, "van\x1b[2J": "?"}])
    config = configured(
        tmp_path, {"period": {"earliest_start": {"field": "van\x1b[2J"}, "latest_end": {"field": "tot"}}}
    )
    output = io.StringIO()
    show(preview(config, NOW, 5), config.zone, config.hub_crs, Console(file=output, width=300))
    assert "van\ufffd[2J" in output.getvalue()
    assert "\x1b" not in output.getvalue()
