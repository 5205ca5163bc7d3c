"""What is generated from the contracts is what is checked in, says what is so, and is understood elsewhere."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from meekoppel_contracts import CODECS, ContractError, EventHeaders, own_registry
from meekoppel_contracts.cli.main import app
from meekoppel_contracts.documents import GeneratedFolder, documents, stale, write
from meekoppel_contracts.documents.schema_parts import parts
from meekoppel_contracts.testing import example_event, example_plan
from meekoppel_contracts.topic_table import TOPIC_TABLE
from tests.foreign import Node

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "contracts" / "src" / "meekoppel_contracts" / "schemas"
VECTORS = ROOT / "contracts" / "vectors"
SUBJECTS = own_registry().subjects()


def vectors(subject: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((VECTORS / f"{subject}.json").read_text("utf-8"))["vectors"]
    return found


def vector(subject: str, name: str) -> dict[str, Any]:
    return next(one for one in vectors(subject) if one["name"] == name)


def test_what_is_checked_in_is_what_is_generated() -> None:
    assert stale(documents(own_registry()), ROOT) == [], "run `meekoppel-contracts generate`"


def test_the_command_says_what_is_stale_and_writes_it(tmp_path: Path) -> None:
    manifest = tmp_path / "contracts" / "src" / "meekoppel_contracts" / "schemas" / "manifest.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text("{}")

    before = CliRunner().invoke(app, ["generate", "--check", "--root", str(tmp_path)])
    written = CliRunner().invoke(app, ["generate", "--root", str(tmp_path)])
    after = CliRunner().invoke(app, ["generate", "--check", "--root", str(tmp_path)])

    assert (before.exit_code, written.exit_code, after.exit_code) == (1, 0, 0)
    assert "docs/contracts/plan-event.md is stale" in before.stdout
    assert "docs/contracts/plan-event.md is written" in written.stdout
    assert "0 stale" in after.stdout


def test_the_command_wants_the_folder_of_the_project(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["generate", "--root", str(tmp_path)]).exit_code == 2


def test_a_file_that_is_no_longer_generated_is_stale_and_goes_and_what_people_wrote_stays(tmp_path: Path) -> None:
    folder = GeneratedFolder("made", {"a.md": "a\n"}, beside=frozenset({"README.md"}))
    (tmp_path / "made").mkdir()
    for name in ("a.md", "gone.md", "README.md"):
        (tmp_path / "made" / name).write_text("old\n")

    assert stale([folder], tmp_path) == ["made/a.md", "made/gone.md"]
    assert write([folder], tmp_path) == ["made/a.md", "made/gone.md"]
    assert sorted(file.name for file in (tmp_path / "made").iterdir()) == ["README.md", "a.md"]
    assert (tmp_path / "made" / "README.md").read_text() == "old\n"


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_version_of_every_contract_has_vectors_and_our_codec_reads_them(subject: str) -> None:
    assert {one["writer"]["version"] for one in vectors(subject)} == {
        entry.version for entry in own_registry().versions(subject)
    }
    for one in vectors(subject):
        record = CODECS[subject].decode(bytes.fromhex(one["framed"]))
        headers = EventHeaders.parse([(name, value.encode()) for name, value in one["headers"].items()])
        assert headers.partition_key == one["key"]
        assert headers.dataschema == f"urn:meekoppel:contract:{subject}:{one['writer']['version']}"
        if one["writer"]["version"] == own_registry().newest(subject).version:
            assert CODECS[subject].encode(record).hex() == one["framed"]


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_record_in_blocks_is_the_same_record(subject: str) -> None:
    for one in (one for one in vectors(subject) if one["name"].startswith("in full")):
        (other,) = one["also_framed"]
        assert CODECS[subject].decode(bytes.fromhex(other)) == CODECS[subject].decode(bytes.fromhex(one["framed"]))


@pytest.mark.parametrize("subject", SUBJECTS)
def test_our_codec_refuses_what_no_reader_may_take_for_a_record(subject: str) -> None:
    refused = json.loads((VECTORS / f"{subject}.json").read_text("utf-8"))["refused"]

    assert len(refused) == 9
    for one in refused:
        with pytest.raises(ContractError):
            CODECS[subject].decode(bytes.fromhex(one["framed"]))


def test_an_old_reader_takes_a_new_code_as_other_and_does_without_new_fields() -> None:
    symbol = vector("plan-event", "new symbol, version 2")["reads_as"]
    repaired = vector("plan-event", "repaired geometry, version 2")["reads_as"]

    assert symbol["2"]["plan"]["disciplines"] == ["road", "hydrogen"]
    assert symbol["1"]["plan"]["disciplines"] == ["road", "other"]
    assert repaired["2"]["plan"]["zones"][0]["repaired"] is True
    assert "repaired" not in repaired["1"]["plan"]["zones"][0]
    assert not [one for one in vectors("plan-event") if one["name"] == "new symbol, version 1"]


def test_a_new_reader_fills_in_what_an_old_event_does_not_say() -> None:
    old = vector("plan-event", "in full, version 1")["reads_as"]

    assert old["2"]["plan"]["zones"][0]["position_error_m"] is None


def test_a_time_before_1970_is_negative_to_the_microsecond() -> None:
    record = vector("plan-event", "microseconds, version 2")["reads_as"]["2"]

    assert (record["occurred_at"], record["recorded_at"] % 1_000_000) == (-1, 1)


def test_node_decodes_every_vector_and_writes_the_same_bytes(node: Node) -> None:
    checked = node.run("check_vectors.mjs", VECTORS, SCHEMAS)

    assert set(checked["subjects"]) == set(SUBJECTS)
    assert checked["vectors"] == sum(len(vectors(subject)) for subject in SUBJECTS)
    assert checked["refused"] == 9 * len(SUBJECTS)
    assert checked["reads"] == sum(len(one["reads_as"]) for subject in SUBJECTS for one in vectors(subject))


def test_node_would_see_a_wrong_vector(node: Node, tmp_path: Path) -> None:
    wrong = json.loads((VECTORS / "overlap-event.json").read_text("utf-8"))
    wrong["vectors"][0]["reads_as"]["1"]["area_m2"] += 1
    (tmp_path / "overlap-event.json").write_text(json.dumps(wrong), "utf-8")

    with pytest.raises(AssertionError, match="overlap-event: in full, version 2, read by version 1"):
        node.run("check_vectors.mjs", tmp_path, SCHEMAS)


def test_the_asyncapi_parser_takes_the_document_and_finds_every_topic_and_message(node: Node) -> None:
    found = node.run("check_asyncapi.mjs", SCHEMAS / "asyncapi.yaml")

    assert (found["errors"], found["warnings"]) == ([], [])
    assert {channel["address"]: set(channel["messages"]) for channel in found["channels"]} == {
        use.address: {f"{one}-v{entry.version}" for one in use.contracts for entry in own_registry().versions(one)}
        for use in TOPIC_TABLE
    }
    assert found["servers"] == [{"host": "{bootstrap}", "protocol": "kafka-secure", "security": ["scramSha512"]}]
    hub_does = {"receive-plan-inbox", "send-plans", "send-plan-rejections", "send-coordination", "send-areas"}
    assert hub_does <= set(found["operations"])
    assert not {"receive-heartbeats", "send-plan-inbox"} & set(found["operations"])


def test_the_asyncapi_parser_would_see_a_broken_contract(node: Node, tmp_path: Path) -> None:
    text = (SCHEMAS / "asyncapi.yaml").read_text("utf-8")
    (tmp_path / "asyncapi.yaml").write_text(text.replace("type: record", "type: recrod", 1), "utf-8")

    assert node.run("check_asyncapi.mjs", tmp_path / "asyncapi.yaml")["errors"]


@pytest.mark.parametrize(("name", "record"), [("plan", example_plan()), ("plan-event", example_event())])
def test_json_of_plans_and_events_follows_its_json_schema(node: Node, tmp_path: Path, name: str, record: Any) -> None:
    file = tmp_path / "record.json"
    file.write_text(record.model_dump_json(), "utf-8")

    assert node.run("check_json.mjs", SCHEMAS / "json" / f"{name}.json", file) == []


def test_a_json_schema_refuses_what_is_no_plan(node: Node, tmp_path: Path) -> None:
    file = tmp_path / "record.json"
    wrong = {**json.loads(example_plan().model_dump_json()), "status": "done", "colour": "red", "title": ""}
    file.write_text(json.dumps(wrong), "utf-8")

    found = node.run("check_json.mjs", SCHEMAS / "json" / "plan.json", file)

    assert {problem.split(" ")[0] for problem in found} == {"", "/status", "/title"}


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_page_shows_every_field_every_code_and_every_version(subject: str) -> None:
    page = (ROOT / "docs" / "contracts" / f"{subject}.md").read_text("utf-8")
    text = own_registry().text(own_registry().newest(subject).schema_id)
    fields = set(re.findall(r'"name": "([a-z_0-9]+)"', text))

    assert {name for name in fields if f"| `{name}` |" not in page} == set()
    for entry in own_registry().versions(subject):
        assert f"| {entry.version} | {entry.schema_id} |" in page


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_page_says_of_every_field_where_it_comes_from_in_a_column_of_its_own(subject: str) -> None:
    records, _ = parts(json.loads(own_registry().text(own_registry().newest(subject).schema_id)))

    for field in (field for record in records for field in record.fields):
        assert field.origin, field.name
        assert not re.search("Origin:|Own field", field.meaning), field.name


def test_links_of_the_pages_lead_somewhere() -> None:
    for page in (ROOT / "docs" / "contracts").glob("*.md"):
        text = page.read_text("utf-8")
        headings = {f"#{line.lstrip('# ').lower()}" for line in text.splitlines() if line.startswith("#")}
        for target in re.findall(r"\]\(([^)]+)\)", text):
            assert target in headings if target.startswith("#") else (page.parent / target).exists(), (page, target)


def test_the_table_of_topics_is_that_of_the_page() -> None:
    page = (ROOT / "docs" / "contracts.md").read_text("utf-8")

    for use in TOPIC_TABLE:
        address = re.sub(r"\{(\w+)\}", r"<\1>", use.address)
        assert f"| `{address}` | {use.meaning} | " in page, address
