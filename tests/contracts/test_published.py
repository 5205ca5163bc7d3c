"""What was published does not change: against the manifest, and against git."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from meekoppel_contracts.cli.main import app
from meekoppel_contracts.compatibility import PACKAGED, check_published, read_folder, read_git
from meekoppel_contracts.errors import UnreadableContracts

PLAN_EVENT_1 = "plan-event/v1.avsc"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the contracts in a git repository of its own, two folders deep, tagged as released."""
    copied = tmp_path / "some" / "schemas"
    shutil.copytree(PACKAGED, copied)
    for command in (
        ["init", "--quiet"],
        ["add", "."],
        ["-c", "user.name=Test", "-c", "user.email=test@example.org", "commit", "--quiet", "-m", "released"],
        ["tag", "released"],
    ):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True, timeout=60)
    return copied


def change_manifest(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    change(manifest["subjects"])
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")


def change_schema(folder: Path, file: str, was: str, now: str) -> None:
    text = (folder / file).read_text("utf-8")
    assert was in text
    (folder / file).write_text(text.replace(was, now), "utf-8")


def found(folder: Path, *, against: bool = False) -> set[tuple[str, str, int | None]]:
    before = read_git(folder, "released") if against else None
    return {(each.rule, each.subject, each.version) for each in check_published(read_folder(folder), before)}


def test_what_is_as_it_was_released_breaks_no_rule(folder: Path) -> None:
    assert found(folder, against=True) == set()


def test_a_published_file_may_be_documented_better(folder: Path) -> None:
    change_schema(folder, PLAN_EVENT_1, "What happened to the plan.", "What happened to this plan. Own field.")

    assert found(folder, against=True) == set()


def test_a_published_file_that_changed_is_seen_without_git(folder: Path) -> None:
    change_schema(folder, PLAN_EVENT_1, '"default": "participants"', '"default": "public"')

    assert ("published", "plan-event", 1) in found(folder)


def test_a_published_file_that_changed_together_with_the_manifest_is_seen_in_git(folder: Path) -> None:
    newest = read_folder(folder).versions["plan-event", 2]["fingerprints"]
    shutil.copy(folder / "plan-event/v2.avsc", folder / PLAN_EVENT_1)
    change_manifest(folder, lambda subjects: subjects["plan-event"][0].update(fingerprints=newest))

    assert found(folder) == set()
    assert found(folder, against=True) == {("published", "plan-event", 1)}


def test_a_file_that_the_manifest_does_not_list_is_seen(folder: Path) -> None:
    shutil.copy(folder / PLAN_EVENT_1, folder / "plan-event/v9.avsc")

    assert found(folder) == {("listed", "plan-event", None)}


def test_an_id_that_is_given_twice_is_seen(folder: Path) -> None:
    change_manifest(folder, lambda subjects: subjects["overlap-event"][0].update(id=1))

    assert found(folder) == {("id_reused", "plan-event", 1), ("id_reused", "overlap-event", 1)}


def test_an_id_that_passed_to_another_contract_is_seen_in_git(folder: Path) -> None:
    def swap(subjects: dict[str, Any]) -> None:
        subjects["overlap-event"][0]["id"], subjects["plan-rejection"][0]["id"] = 3, 2

    change_manifest(folder, swap)

    assert found(folder) == set()
    assert {rule for rule, _, _ in found(folder, against=True)} == {"id_changed", "id_reused"}


def test_a_version_that_is_gone_is_seen_in_git(folder: Path) -> None:
    (folder / "notification/v1.avsc").unlink()
    change_manifest(folder, lambda subjects: subjects.pop("notification"))

    assert found(folder) == set()
    assert found(folder, against=True) == {("gone", "notification", 1)}


def test_versions_that_do_not_count_from_one_are_seen(folder: Path) -> None:
    change_manifest(folder, lambda subjects: subjects["plan-event"].pop(0))

    assert ("numbered", "plan-event", None) in found(folder)


def test_a_file_under_another_name_or_in_another_namespace_is_seen(folder: Path) -> None:
    (folder / PLAN_EVENT_1).rename(folder / "plan-event/first.avsc")
    change_manifest(folder, lambda subjects: subjects["plan-event"][0].update(file="plan-event/first.avsc"))
    change_schema(folder, "notification/v1.avsc", '"nl.meekoppel"', '"nl.other"')

    assert {("placed", "plan-event", 1), ("namespace", "notification", 1)} <= found(folder)


def test_a_manifest_that_lists_a_missing_file_is_refused_with_its_name(folder: Path) -> None:
    (folder / PLAN_EVENT_1).unlink()

    with pytest.raises(UnreadableContracts, match=r"plan-event/v1\.avsc"):
        read_folder(folder)


def test_a_folder_without_contracts_and_an_unknown_reference_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UnreadableContracts, match=r"manifest\.json cannot be read"):
        read_folder(tmp_path / "nowhere")
    with pytest.raises(UnreadableContracts, match="no-such-tag"):
        read_git(folder, "no-such-tag")


def test_the_command_tells_each_violation_on_a_line_and_ends_with_1(folder: Path) -> None:
    change_schema(folder, "plan-event/v2.avsc", '"hydrogen"', '"steam"')

    lines = CliRunner().invoke(app, ["check", "--schemas", str(folder), "--against", "released"])
    document = CliRunner().invoke(app, ["check", "--schemas", str(folder), "--against", "released", "--json"])

    assert (lines.exit_code, document.exit_code) == (1, 1)
    assert "plan-event v2 /: was published and changed in more than its doc [published]" in lines.stdout.splitlines()
    assert {each["rule"] for each in json.loads(document.stdout)["violations"]} == {"published"}
