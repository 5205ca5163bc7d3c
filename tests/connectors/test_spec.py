from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from meekoppel_connectors.cli import app
from meekoppel_connectors.commands.spec import spec_of
from meekoppel_connectors.sources.opening import known_formats


@pytest.mark.parametrize("format", known_formats())
def test_every_format_has_a_spec_that_knows_its_settings(format: str):
    schema = spec_of(format)
    source = schema["properties"]["source"]
    assert source["properties"]["format"]["const"] == format
    assert source["additionalProperties"] is False
    assert "path" not in schema["properties"]
    json.dumps(schema)


def test_without_a_format_all_are_listed():
    output = CliRunner().invoke(app, ["spec"]).output
    assert all(format in output for format in known_formats())
