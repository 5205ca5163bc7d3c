"""What `docs/connector-authors.md` shows is true: its examples pass the kit, as an author would run them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from meekoppel_connectors.mapping.read import read_plans
from tests.connectors.feeds import NOW, configured

PAGE = Path(__file__).resolve().parents[3] / "docs/connector-authors.md"
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
LONGEST = 40


def blocks(language: str) -> list[str]:
    return [text for name, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")) if name == language]


def files() -> dict[str, str]:
    """The Python files of the page, by the name in their first line."""
    return {text.partition("\n")[0].removeprefix("# "): text for text in blocks("python")}


def run_tests(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    for name, text in files().items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def test_the_page_shows_two_sources_with_their_tests() -> None:
    assert set(files()) == {"my_source.py", "test_my_source.py", "my_journal.py", "test_my_journal.py"}


@pytest.mark.parametrize("name", ["my_source.py", "my_journal.py"])
def test_a_source_needs_no_more_than_forty_lines(name: str) -> None:
    lines = files()[name].splitlines()[1:]
    assert len([line for line in lines if line.strip()]) <= LONGEST


def test_the_text_and_the_configuration_of_the_page_give_a_plan(tmp_path: Path) -> None:
    (tmp_path / "my_source.py").write_text(files()["my_source.py"])
    (tmp_path / "works.txt").write_text(blocks("text")[0])
    (row,) = read_plans(configured(tmp_path, **yaml.safe_load(blocks("yaml")[0])), NOW)
    assert row.plan is not None, row.rejections
    assert (row.plan.plan_id, row.plan.title) == ("NL.gm0361.0041", "Sewer renewal Laat")


@pytest.mark.parametrize("name", ["test_my_source.py", "test_my_journal.py"])
def test_the_examples_of_the_page_pass_the_kit(tmp_path: Path, kafka_bootstrap: str, name: str) -> None:
    done = run_tests(tmp_path, name, MEEKOPPEL_KAFKA_BOOTSTRAP=kafka_bootstrap)
    assert done.returncode == 0, done.stdout
    passed = re.search(r"(\d+) passed in", done.stdout)
    assert passed is not None, done.stdout
    assert int(passed[1]) >= 35


def test_the_rows_are_tested_first_since_the_rest_fails_with_them(tmp_path: Path) -> None:
    listed = run_tests(tmp_path, "--collect-only", "test_my_source.py").stdout.splitlines()
    (rows,) = [place for place, line in enumerate(listed) if "test_every_record_becomes_a_plan" in line]
    (runs,) = [place for place, line in enumerate(listed) if "test_an_unchanged_source_gives_no_event" in line]
    (kafka,) = [place for place, line in enumerate(listed) if "test_events_stand_in_the_inbox" in line]
    assert rows < runs < kafka


def test_without_any_kafka_the_tests_fail_and_say_what_to_do(tmp_path: Path) -> None:
    nobody = {"MEEKOPPEL_KAFKA_BOOTSTRAP": "", "PATH": "/nowhere", "DOCKER_HOST": "tcp://127.0.0.1:9"}
    done = run_tests(tmp_path, "test_my_source.py", "-k", "test_events_stand_in_the_inbox", **nobody)
    assert done.returncode == 1
    assert "No Kafka for this test. Give a fixture kafka_bootstrap" in done.stdout
    assert "skipped" not in done.stdout
