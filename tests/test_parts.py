"""What is not run is said in the last lines, and is a failure in CI."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from _pytest.outcomes import Failed, Skipped

from tests.parts import give_up, leave_out, not_run


def test_a_missing_program_skips_on_a_developers_machine(monkeypatch):
    monkeypatch.delenv("CI", raising=False)

    with pytest.raises(Skipped, match="Node part NOT RUN: there is none"):
        give_up("Node", "there is none")


def test_a_missing_program_is_a_failure_in_ci(monkeypatch):
    monkeypatch.setenv("CI", "true")

    with pytest.raises(Failed, match="Node part cannot run: there is none"):
        give_up("Node", "there is none")


def test_what_no_package_has_is_left_out_in_ci_too(monkeypatch):
    monkeypatch.setenv("CI", "true")

    with pytest.raises(Skipped, match="kcat part NOT RUN: without Avro"):
        leave_out("kcat", "without Avro")


def test_each_part_is_said_once():
    skipped = [
        SimpleNamespace(longrepr=("file", 1, reason))
        for reason in ("Skipped: Node part NOT RUN: a", "Skipped: Node part NOT RUN: a", "Skipped: too slow")
    ]

    assert not_run(skipped) == ["Node part NOT RUN: a"]
