from __future__ import annotations

from pathlib import Path

import pytest

from tests.connectors.feeds import ROW, write_csv
from tests.connectors.test_cli import call


@pytest.fixture
def feed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_csv(tmp_path / "feed.csv", [ROW, {**ROW, "nr": "0042", "titel": "Riool Dijk"}])


def test_init_writes_a_configuration_that_previews(
    feed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "init", feed, "--organisation", "gm0361") == 0
    said = capsys.readouterr().out
    assert "meekoppel-connector preview plans.yaml" in said
    assert call(monkeypatch, "preview", "plans.yaml") == 0
    assert "2 rows: 2 plans, 0 rejected" in capsys.readouterr().out


def test_init_never_writes_over_a_file_unless_told_to(
    feed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("plans.yaml").write_text("mine", encoding="utf-8")
    assert call(monkeypatch, "init", feed) == 1
    assert "plans.yaml is there already" in capsys.readouterr().err
    assert Path("plans.yaml").read_text(encoding="utf-8") == "mine"
    assert call(monkeypatch, "init", feed, "--force") == 0
    assert "organisation:" in Path("plans.yaml").read_text(encoding="utf-8")


def test_init_with_the_template_of_the_spreadsheet_writes_the_workbook_too(
    feed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "init", "--template", "spreadsheet", "--organisation", "gm0361") == 0
    assert Path("projecten.xlsx").is_file()
    assert call(monkeypatch, "preview", "plans.yaml") == 0
    assert "0 rows: 0 plans, 0 rejected" in capsys.readouterr().out


def test_init_of_nothing_is_bad_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    assert call(monkeypatch, "init") == 2


def test_templates_lists_them_and_prints_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "templates") == 0
    assert "highways-england" in capsys.readouterr().out
    assert call(monkeypatch, "templates", "highways-england") == 0
    assert capsys.readouterr().out.startswith("# Planned works as Highways England")


def test_preview_draws_a_map(feed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(monkeypatch, "init", feed, "--organisation", "gm0361") == 0
    assert call(monkeypatch, "preview", "plans.yaml", "--map", "plans.html") == 0
    assert "The map is plans.html" in capsys.readouterr().out
    assert "Riool Dijk" in Path("plans.html").read_text(encoding="utf-8")


def test_each_configuration_has_a_state_of_its_own(feed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for out in ("noord.yaml", "zuid.yaml"):
        assert call(monkeypatch, "init", feed, "--organisation", "gm0361", "--out", out) == 0
        assert f"state: state/{Path(out).stem}.db" in Path(out).read_text(encoding="utf-8")
    assert call(monkeypatch, "init", "--template", "spreadsheet", "--out", "oost.yaml") == 0
    assert "state: state/oost.db" in Path("oost.yaml").read_text(encoding="utf-8")


def test_a_name_in_the_place_of_the_organisation_code_is_refused_before_a_file_is_written(
    feed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "init", feed, "--organisation", "Gemeente Voorbeeld") == 2
    assert "the code that the hub gave you" in " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert not Path("plans.yaml").exists()
