"""What the registry answers, by the letter of Confluent's interface."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import aiohttp
import pytest

from meekoppel_contracts import (
    PLAN_EVENT,
    Codec,
    GivenId,
    PlanEvent,
    Registry,
    SchemaIds,
    UnknownSchema,
    encode_plan_event,
    own_registry,
)
from meekoppel_contracts.testing import example_event, example_plan, example_zone
from meekoppel_hub.api.schema_registry.contracts import ServedContracts

MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"
PLAN_EVENT_TEXTS = [own_registry().text(entry.schema_id) for entry in own_registry().versions(PLAN_EVENT)]
NEWEST = own_registry().newest(PLAN_EVENT)


@pytest.fixture
async def ask(registry_url):
    async with aiohttp.ClientSession() as session:

        async def asked(method, path, body=None, **headers):
            data = body if isinstance(body, bytes | None) else json.dumps(body)
            async with session.request(method, registry_url + path, data=data, headers=headers) as response:
                text = await response.text()
                return response.status, json.loads(text) if text else None, response.headers

        yield asked


async def test_subjects_are_the_contracts_and_the_topics_that_every_hub_has(ask):
    status, subjects, headers = await ask("GET", "/subjects")

    assert status == 200
    assert set(subjects) == {*own_registry().subjects(), "plans-value", "plans-restricted-value", "quality-value"}
    assert headers["Content-Type"] == MEDIA_TYPE


async def test_subjects_can_be_chosen_by_their_beginning(ask):
    _, subjects, _ = await ask("GET", "/subjects?subjectPrefix=plans")

    assert subjects == ["plans-restricted-value", "plans-value"]


@pytest.mark.parametrize(
    "subject",
    [
        "plan-event",
        "plans-value",
        "plans-restricted-value",
        "plan-inbox.gm0307-value",
        "nl.meekoppel.PlanEvent",
        "plans-nl.meekoppel.PlanEvent",
        "plan-inbox.gm0307-nl.meekoppel.PlanEvent",
    ],
)
async def test_a_contract_is_found_by_its_name_and_by_every_topic_that_carries_it(ask, subject):
    _, versions, _ = await ask("GET", f"/subjects/{subject}/versions")
    _, newest, _ = await ask("GET", f"/subjects/{subject}/versions/latest")

    assert versions == [entry.version for entry in own_registry().versions(PLAN_EVENT)]
    assert (newest["subject"], newest["version"], newest["id"]) == (subject, NEWEST.version, NEWEST.schema_id)
    assert json.loads(newest["schema"]) == json.loads(PLAN_EVENT_TEXTS[-1])


@pytest.mark.parametrize("name", ["OverlapEvent", "AssessmentEvent", "CooperationEvent"])
async def test_a_topic_with_several_contracts_has_a_subject_for_each(ask, name):
    _, found, _ = await ask("GET", f"/subjects/coordination-nl.meekoppel.{name}/versions/latest")

    assert json.loads(found["schema"])["name"] == name


async def test_every_version_of_every_contract_is_found_by_its_id(ask):
    for subject in own_registry().subjects():
        for entry in own_registry().versions(subject):
            _, answer, _ = await ask("GET", f"/schemas/ids/{entry.schema_id}")
            _, bare, _ = await ask("GET", f"/schemas/ids/{entry.schema_id}/schema")
            _, places, _ = await ask("GET", f"/schemas/ids/{entry.schema_id}/versions")

            assert json.loads(answer["schema"]) == bare == json.loads(own_registry().text(entry.schema_id))
            assert {"subject": subject, "version": entry.version} in places


async def test_an_id_names_its_subjects(ask):
    _, subjects, _ = await ask("GET", f"/schemas/ids/{NEWEST.schema_id}/subjects")

    assert subjects == ["plan-event", "plans-restricted-value", "plans-value"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/subjects/other/versions", 404, 40401),
        ("/subjects/dead-letters.intake-value/versions", 404, 40401),
        ("/subjects/plan-inbox.-value/versions", 404, 40401),
        ("/subjects/coordination-value/versions", 404, 40401),
        ("/subjects/plans-nl.meekoppel.OverlapEvent/versions", 404, 40401),
        ("/subjects/plan-event/versions/99", 404, 40402),
        ("/subjects/plan-event/versions/0", 422, 42202),
        ("/subjects/plan-event/versions/newest", 422, 42202),
        ("/subjects/plan-event/versions/" + "9" * 5000, 422, 42202),
        ("/schemas/ids/" + "9" * 5000, 404, 40403),
        ("/schemas/ids/99999", 404, 40403),
        ("/schemas/ids/x", 404, 40403),
        ("/config/other", 404, 40401),
        ("/nothing", 404, 404),
        ("/subjects/plan-event", 405, 405),
    ],
)
async def test_what_is_not_there_is_said_in_confluents_codes(ask, path, status, code):
    answered, error, headers = await ask("GET", path)

    assert (answered, error["error_code"]) == (status, code)
    assert error["message"]
    assert headers["Content-Type"] == MEDIA_TYPE


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/subjects/plan-event/versions"),
        ("DELETE", "/subjects/plan-event"),
        ("DELETE", "/subjects/plan-event/versions/1"),
        ("PUT", "/config"),
        ("PUT", "/config/plan-event"),
        ("DELETE", "/config/plan-event"),
        ("PUT", "/mode"),
        ("PUT", "/mode/plan-event"),
    ],
)
async def test_writing_is_refused_with_the_reason(ask, method, path):
    status, error, headers = await ask(method, path, {"schema": PLAN_EVENT_TEXTS[0]})

    assert (status, error["error_code"]) == (405, 405)
    assert "contracts change by a release of meekoppel-contracts" in error["message"]
    assert headers["Allow"]


async def test_the_level_and_the_mode_are_told(ask):
    assert (await ask("GET", "/config"))[1] == {"compatibilityLevel": "FULL_TRANSITIVE"}
    assert (await ask("GET", "/config/plans-value"))[1] == {"compatibilityLevel": "FULL_TRANSITIVE"}
    assert (await ask("GET", "/mode"))[1] == {"mode": "READONLY"}
    assert (await ask("GET", "/schemas/types"))[1] == ["AVRO"]


async def test_a_schema_is_looked_up_whatever_its_documentation_says(ask):
    reworded = json.loads(PLAN_EVENT_TEXTS[0])
    reworded["doc"] = "In other words."

    status, found, _ = await ask("POST", "/subjects/plans-value", {"schema": json.dumps(reworded)})

    assert (status, found["subject"], found["version"], found["id"]) == (200, "plans-value", 1, 1)


async def test_a_schema_of_another_contract_is_not_found_under_the_subject(ask):
    status, error, _ = await ask("POST", "/subjects/overlap-event", {"schema": PLAN_EVENT_TEXTS[0]})

    assert (status, error["error_code"]) == (404, 40403)


async def test_a_next_version_is_held_against_all_earlier_ones(ask):
    added = json.loads(PLAN_EVENT_TEXTS[-1])
    added["fields"].append({"name": "urgency", "type": "string", "doc": "How urgent."})

    _, good, _ = await ask("POST", "/compatibility/subjects/plans-value/versions", {"schema": PLAN_EVENT_TEXTS[0]})
    _, bad, _ = await ask(
        "POST", "/compatibility/subjects/plan-event/versions?verbose=true", {"schema": json.dumps(added)}
    )

    assert good == {"is_compatible": True}
    assert bad["is_compatible"] is False
    assert any("urgency" in message for message in bad["messages"])


@pytest.mark.parametrize("against", ["1", "latest"])
async def test_a_next_version_is_held_against_one(ask, against):
    other = own_registry().text(own_registry().newest("overlap-event").schema_id)

    _, answer, _ = await ask("POST", f"/compatibility/subjects/plan-event/versions/{against}", {"schema": other})

    assert answer == {"is_compatible": False}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[" * 100_000,
        {"schema": 3},
        {"schema": "{}"},
        {"schema": "[" * 100_000},
        {"schema": '{"type": "record", "name": "R", "fields": 5}'},
        {"schema": '{"type": "array", "items": ' * 2_000 + '"long"' + "}" * 2_000},
        {"schema": '"string"', "schemaType": "JSON"},
        {"schema": '"string"', "references": [{"name": "a", "subject": "b", "version": 1}]},
        {"schema": '"' + "x" * 600_000 + '"'},
    ],
    ids=lambda body: repr(body)[:40],
)
@pytest.mark.parametrize("path", ["/subjects/plan-event", "/compatibility/subjects/plan-event/versions/latest"])
async def test_what_is_no_schema_is_refused_with_a_reason(ask, path, body):
    status, error, _ = await ask("POST", path, body)

    assert (status, error["error_code"]) == (422, 42201)
    assert error["message"].startswith("Invalid schema: ")


def test_with_the_ids_of_another_registry_it_gives_those_and_knows_both():
    numbers = {
        subject: tuple(
            GivenId(
                version=entry.version,
                id=entry.schema_id + 1000,
                meaning_sha256=entry.fingerprints.meaning_sha256,
            )
            for entry in own_registry().versions(subject)
        )
        for subject in own_registry().subjects()
    }
    ids = SchemaIds(registry="http://registry.example", own_ids_up_to=NEWEST.schema_id, subjects=numbers)
    other = own_registry().numbered_by(ids, "ids.json")
    contracts = ServedContracts(other)

    assert contracts.version("plans-value", "latest").schema_id == NEWEST.schema_id + 1000
    assert contracts.by_id(str(NEWEST.schema_id)) == contracts.by_id(str(NEWEST.schema_id + 1000))


async def test_who_has_the_answer_already_gets_no_other(ask):
    _, _, first = await ask("GET", "/schemas/ids/1")
    status, nothing, again = await ask("GET", "/schemas/ids/1", **{"If-None-Match": f'W/"x", {first["ETag"]}'})

    assert (status, nothing, again["ETag"]) == (304, None, first["ETag"])
    assert first["Cache-Control"] == "public, max-age=86400"
    assert (await ask("GET", "/schemas/ids/2"))[2]["ETag"] != first["ETag"]


async def test_requests_are_counted_under_their_route(ask, registry_url):
    await ask("GET", "/subjects/plan-event/versions")
    async with aiohttp.ClientSession() as session, session.get(registry_url.replace("/registry", "/metrics")) as answer:
        text = await answer.text()

    assert 'route="/registry/subjects/{subject}/versions",status="200"' in text


async def test_a_program_of_an_older_release_asks_for_a_newer_schema_as_the_page_shows(registry_url):
    page = (Path(__file__).parents[4] / "docs" / "contracts.md").read_text("utf-8")
    shown: dict[str, object] = {}
    exec(re.findall(r"```python\n(.*?)```", page, re.DOTALL)[1], shown)
    entries = [entry for subject in own_registry().subjects() for entry in own_registry().versions(subject)]
    old = Registry([entry for entry in entries if entry.file != NEWEST.file], _text_of)
    value = encode_plan_event(example_event(plan=example_plan(zones=(example_zone(repaired=True),))))

    with pytest.raises(UnknownSchema):
        Codec(PLAN_EVENT, PlanEvent, old, version=1).decode(value)
    wider = await asyncio.to_thread(shown["with_schema_of"], value, old, registry_url.removesuffix("/registry"))
    read = Codec(PLAN_EVENT, PlanEvent, wider, version=1).decode(value)

    assert read == example_event(plan=example_plan(zones=(example_zone(repaired=False),)))


def _text_of(file: str) -> str:
    entries = [entry for subject in own_registry().subjects() for entry in own_registry().versions(subject)]
    return next(own_registry().text(entry.schema_id) for entry in entries if entry.file == file)
