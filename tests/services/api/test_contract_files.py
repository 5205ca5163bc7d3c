"""The contracts' files, as anybody may fetch them."""

from __future__ import annotations

import json

import pytest

from meekoppel_contracts import own_registry


async def test_every_schema_that_the_manifest_lists_is_served(api):
    manifest = (await api.get("/contracts/manifest.json")).json

    for versions in manifest["subjects"].values():
        for one in versions:
            answer = await api.get(f"/contracts/{one['file']}")
            assert answer.status == 200
            assert answer.headers["Content-Type"] == "application/vnd.apache.avro+json"
            assert json.loads(answer.text) == json.loads(own_registry().text(one["id"]))


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("asyncapi.yaml", "application/yaml"),
        ("json/plan.json", "application/json"),
        ("json/webhook-overlap.json", "application/json"),
    ],
)
async def test_the_generated_documents_are_served(api, path, media_type):
    answer = await api.get(f"/contracts/{path}")

    assert (answer.status, answer.headers["Content-Type"]) == (200, media_type)


async def test_who_has_a_file_already_gets_no_other(api):
    first = await api.get("/contracts/asyncapi.yaml")
    again = await api.ask("GET", "/contracts/asyncapi.yaml", headers_given={"If-None-Match": first.headers["Etag"]})

    assert (again.status, again.text) == (304, "")


@pytest.mark.parametrize("path", ["", "/", "/nothing.json", "/json", "/../codec.py", "/%2e%2e/codec.py"])
async def test_nothing_else_is_served(api, path):
    answer = await api.get(f"/contracts{path}")

    assert (answer.status, answer.error) == (404, "not_found")
