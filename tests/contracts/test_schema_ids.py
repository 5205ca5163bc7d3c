"""Other ids for the same contracts: written as the registry gave them, read under both, and never read wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from meekoppel_contracts import (
    PLAN_EVENT,
    SCHEMA_IDS_VARIABLE,
    Codec,
    GivenId,
    PlanEvent,
    Registry,
    SchemaId,
    SchemaIds,
    SchemaIdsError,
    SchemaMismatch,
    UnknownSchema,
    encode_plan_event,
    framed_schema_id,
    own_registry,
    read_schema_ids,
)
from meekoppel_contracts.testing import example_event

VERSIONS = [entry for subject in own_registry().subjects() for entry in own_registry().versions(subject)]
NEWEST = own_registry().newest(PLAN_EVENT)
OLDEST = own_registry().version(PLAN_EVENT, 1)


HIGHEST = max(entry.schema_id for entry in VERSIONS)


def given(plus: int = 1000, own_ids_up_to: int = HIGHEST, **others: int) -> SchemaIds:
    """What a registry gave: our ids and so many more; others by the name of the file."""
    subjects: dict[str, tuple[GivenId, ...]] = {}
    for entry in VERSIONS:
        number = others.get(f"{entry.subject}_v{entry.version}".replace("-", "_"), entry.schema_id + plus)
        one = GivenId(version=entry.version, id=number, meaning_sha256=entry.fingerprints.meaning_sha256)
        subjects[entry.subject] = (*subjects.get(entry.subject, ()), one)
    return SchemaIds(registry="http://registry.example", own_ids_up_to=own_ids_up_to, subjects=subjects)


def numbered(ids: SchemaIds) -> Registry:
    return own_registry().numbered_by(ids, "schema-ids.json")


def codec(ids: SchemaIds) -> Codec[PlanEvent]:
    return Codec(PLAN_EVENT, PlanEvent, numbered(ids))


def test_what_is_written_carries_the_registrys_id() -> None:
    assert framed_schema_id(codec(given()).encode(example_event())) == NEWEST.schema_id + 1000


def test_what_is_read_may_carry_either_id() -> None:
    reader, own = codec(given()), encode_plan_event(example_event())

    assert reader.decode(reader.encode(example_event())) == example_event()
    assert reader.decode(own) == example_event()


def test_an_id_that_means_the_same_in_both_is_no_conflict() -> None:
    assert codec(given(plus=0)).encode(example_event()) == encode_plan_event(example_event())


def test_an_id_that_means_another_contract_here_is_refused() -> None:
    with pytest.raises(SchemaIdsError, match=r"\(2 is overlap-event version 1 here and plan-event version 1 there\)"):
        numbered(given(plan_event_v1=2))


def test_an_id_that_means_another_version_here_is_refused() -> None:
    with pytest.raises(SchemaIdsError, match="--only-registry-ids"):
        numbered(given(plan_event_v1=NEWEST.schema_id, plan_event_v2=OLDEST.schema_id))


def test_an_id_of_a_contract_that_only_a_newer_package_knows_is_refused_too() -> None:
    ids = given()
    newer = GivenId(version=9, id=1, meaning_sha256="0")
    wider = ids.model_copy(update={"subjects": {**ids.subjects, PLAN_EVENT: (*ids.subjects[PLAN_EVENT], newer)}})

    with pytest.raises(SchemaIdsError, match="1 is plan-event version 1 here and plan-event version 9 there"):
        numbered(wider)


def test_where_nothing_was_written_with_our_own_ids_a_number_has_the_registrys_meaning_alone() -> None:
    ids = given(own_ids_up_to=0, plan_event_v1=2)
    reader = codec(ids)

    assert numbered(ids).by_id(SchemaId(2)).subject == PLAN_EVENT
    assert reader.decode(reader.encode(example_event())) == example_event()
    with pytest.raises(UnknownSchema):
        reader.decode(encode_plan_event(example_event()))


def test_an_own_id_that_came_after_the_registrys_were_taken_is_no_conflict() -> None:
    ids = given(own_ids_up_to=OLDEST.schema_id, plan_event_v2=2)
    reader = codec(ids)

    assert numbered(ids).by_id(SchemaId(2)) == numbered(ids).version(PLAN_EVENT, 2)
    assert reader.decode(reader.encode(example_event())) == example_event()
    assert numbered(ids).by_id(OLDEST.schema_id) == numbered(ids).version(PLAN_EVENT, 1)


def test_a_record_of_another_contract_is_refused_under_either_id() -> None:
    reader = codec(given())
    body = encode_plan_event(example_event())[5:]

    for number in (2, 1002):
        with pytest.raises(SchemaMismatch, match="is of contract overlap-event"):
            reader.decode(b"\x00" + number.to_bytes(4, "big") + body)


def test_a_version_without_an_id_is_refused() -> None:
    ids = given()
    fewer = ids.model_copy(update={"subjects": {**ids.subjects, PLAN_EVENT: ids.subjects[PLAN_EVENT][:1]}})

    with pytest.raises(SchemaIdsError, match=r"no id for plan-event version 2.*publish it to http://registry.example"):
        numbered(fewer)


def test_ids_of_other_schemas_are_refused() -> None:
    ids = given()
    other = (GivenId(version=1, id=7, meaning_sha256="0"), *ids.subjects[PLAN_EVENT][1:])

    with pytest.raises(SchemaIdsError, match="made for another plan-event version 1"):
        numbered(ids.model_copy(update={"subjects": {**ids.subjects, PLAN_EVENT: other}}))


def test_one_id_for_two_contracts_is_refused() -> None:
    with pytest.raises(SchemaIdsError, match="the same id 500"):
        numbered(given(plan_event_v1=500, overlap_event_v1=500))


def test_the_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "schema-ids.json"
    file.write_text(given().to_json(), "utf-8")

    assert read_schema_ids(file) == given()


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"registry": "x"}', '{"registry": "x", "own_ids_up_to": 0, "subjects": {"a": [{"id": -1}]}}'],
)
def test_what_is_no_such_file_is_said_so(tmp_path: Path, text: str) -> None:
    file = tmp_path / "schema-ids.json"
    file.write_text(text, "utf-8")

    with pytest.raises(SchemaIdsError, match=r"schema-ids\.json is not a file of schema ids .*publish"):
        read_schema_ids(file)


def run(program: str, file: Path) -> subprocess.CompletedProcess[str]:
    """Run a program in which the variable names the file: it is read once per process."""
    environment = {**os.environ, SCHEMA_IDS_VARIABLE: str(file)}
    return subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)


def test_the_environment_names_the_file_for_everything_that_writes_and_reads(tmp_path: Path) -> None:
    file = tmp_path / "schema-ids.json"
    file.write_text(given().to_json(), "utf-8")
    program = (
        "from meekoppel_contracts import encode_plan_event, decode_plan_event, framed_schema_id\n"
        "from meekoppel_contracts.testing import example_event\n"
        "data = encode_plan_event(example_event())\n"
        "assert decode_plan_event(data) == example_event()\n"
        "print(framed_schema_id(data))"
    )

    assert run(program, file).stdout == f"{NEWEST.schema_id + 1000}\n"


@pytest.mark.parametrize(
    "program",
    [
        "import sys; sys.argv = ['meekoppel', 'up', '--port', '0']; from meekoppel_hub.cli.main import main; main()",
        "import sys; sys.argv = ['meekoppel-connector', 'run', '{config}', '--once'];"
        "from meekoppel_connectors.cli import main; main()",
    ],
    ids=["hub", "connector"],
)
def test_hub_and_connector_end_at_once_when_the_file_cannot_be_used(tmp_path: Path, program: str) -> None:
    from tests.connectors.feeds import configured

    config = configured(tmp_path)
    ended = run(program.replace("{config}", str(config.path)), tmp_path / "missing.json")

    assert ended.returncode == 1
    assert "missing.json cannot be read (No such file or directory)" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_file_is_json_for_people_too() -> None:
    assert json.loads(given().to_json())["subjects"]["plan-event"][0]["id"] == 1001
