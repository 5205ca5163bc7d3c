from __future__ import annotations

from pathlib import Path

import pytest

from meekoppel_connectors.config import load_config
from meekoppel_connectors.errors import Fatal
from meekoppel_connectors.templates.library import Template, template, templates
from meekoppel_connectors.templates.workbook import COLUMNS, STATUS

FOLDER = Path(__file__).resolve().parents[2] / "connectors/src/meekoppel_connectors/templates"


@pytest.mark.parametrize("each", templates(), ids=lambda each: each.name)
def test_every_template_loads_and_begins_with_an_explanation(each: Template, tmp_path: Path) -> None:
    path = tmp_path / "plans.yaml"
    path.write_text(each.text, encoding="utf-8")
    load_config(path)
    path.write_text(each.filled({"path": "other.file"}, {"organisation": "gm0361"}), encoding="utf-8")
    config = load_config(path)
    assert (config.organisation, config.source.place) == ("gm0361", str(tmp_path / "other.file"))
    assert each.text.startswith("# ")
    assert len([line for line in each.text.splitlines() if line.startswith("#")]) >= 3


def test_every_template_of_the_folder_is_listed_once() -> None:
    files = {path.stem for path in FOLDER.glob("*.yaml")} - {"library"}
    names = [each.name for each in templates()]
    assert sorted(names) == sorted(files)


def test_no_source_fits_two_templates() -> None:
    known = [each for each in templates() if each.recognised_by]
    for each in known:
        settings = {name: value for name, value in each.recognised_by.items() if name != "fields"}
        fields = each.recognised_by.get("fields", [])
        assert [other.name for other in known if other.fits(settings, fields)] == [each.name]


def test_the_empty_workbook_has_the_columns_and_choices_of_its_template(tmp_path: Path) -> None:
    path = tmp_path / "plans.yaml"
    path.write_text(template("spreadsheet").text, encoding="utf-8")
    config = load_config(path)
    assert config.plan_rules().source_fields().keys() | set(config.source.geometry.columns) == set(COLUMNS)
    assert set(config.plan["status"]["codes"]) == set(STATUS)


def test_a_template_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(Fatal, match="highways-england"):
        template("highway")


def test_every_template_stands_in_the_documentation_as_it_is_listed() -> None:
    documented = (FOLDER.parents[3] / "docs" / "connectors.md").read_text(encoding="utf-8")
    for each in templates():
        assert f"| `{each.name}` | {each.says} |" in documented
