from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from meekoppel_connectors.cli import main
from tests.connectors.feeds import ROW, settings, write_config, write_csv


def call(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["meekoppel-connector", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    write_csv(tmp_path / "feed.csv", [ROW])
    return write_config(tmp_path, settings(kafka={"bootstrap": "127.0.0.1:1"}))


@pytest.mark.parametrize("command", ["check", "preview", "run", "status"])
def test_every_command_has_help_with_an_example(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, command, "--help") == 0
    assert f"meekoppel-connector {command} heat.yaml" in " ".join(capsys.readouterr().out.split())


def test_a_mistake_in_the_configuration_is_one_sentence_and_exit_code_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_config(tmp_path, settings(organisation="GM 0361"))
    assert call(monkeypatch, "preview", path) == 1
    error = capsys.readouterr().err
    assert error.startswith("meekoppel-connector: connector.yaml: organisation: ")
    assert len(error.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["preview"],
        ["preview", "c.yaml", "--limit", "x"],
        ["run", "c.yaml", "--once", "--every", "1m"],
        ["walk", "c.yaml"],
    ],
)
def test_bad_usage_is_exit_code_2(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert call(monkeypatch, *arguments) == 2


def test_a_time_that_is_none_is_bad_usage(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert call(monkeypatch, "preview", config, "--as-of", "yesterday") == 2


def test_a_time_without_a_zone_is_in_the_zone_of_the_connector(
    tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    content = settings()
    content["plan"] = {**content["plan"], "confirmed_at": {"as_of": True}}
    assert call(monkeypatch, "preview", write_config(tmp_path, content), "--as-of", "2026-07-01", "--json") == 0
    shown = json.loads(capsys.readouterr().out)["shown"]
    assert shown[0]["plan"]["confirmed_at"] == "2026-06-30T22:00:00Z"


def test_check_prints_a_line_for_each_step_and_fails_when_one_failed(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "check", config) == 1
    lines = [line.split()[:2] for line in capsys.readouterr().out.splitlines()]
    assert lines == [["ok", "source"], ["ok", "fields"], ["ok", "crs"], ["ok", "rows"], ["failed", "kafka"]]


def test_status_of_a_connector_that_never_ran_says_so(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "status", config) == 0
    assert "has not run yet" in capsys.readouterr().out
