"""The code lists as data: equal to the enums, in two languages, and mapped to other standards without gaps."""

from __future__ import annotations

import json
from enum import StrEnum
from importlib.resources import files
from typing import Any

import pytest
from pydantic import ValidationError

from meekoppel_contracts import Discipline, WorkType, codes, packaged_registry
from meekoppel_contracts.codelists import CodeList, code_list, code_lists
from meekoppel_contracts.errors import UnknownCode

LISTS = code_lists()
each_list = pytest.mark.parametrize("found", LISTS.values(), ids=LISTS)


def avro_enums(node: Any) -> dict[str, dict[str, Any]]:
    if isinstance(node, list):
        return {name: enum for child in node for name, enum in avro_enums(child).items()}
    if not isinstance(node, dict):
        return {}
    own = {node["name"]: node} if node.get("type") == "enum" else {}
    return own | avro_enums([node[key] for key in ("type", "items", "fields") if key in node])


def mapped(found: CodeList, external: str) -> list[str]:
    return [value for code in found.codes for value in code.maps.get(external, [])]


def test_every_enum_has_a_file_and_every_file_an_enum() -> None:
    on_disk = {file.name for file in (files("meekoppel_contracts") / "codelists").iterdir()} - {"__pycache__"}

    assert len([name for name in on_disk if name.endswith(".yaml")]) == len(LISTS)


@pytest.mark.parametrize("name", LISTS)
def test_a_list_holds_the_codes_of_its_enum_in_the_same_order(name: str) -> None:
    enum: type[StrEnum] = getattr(codes, name)

    assert LISTS[name].enum == name
    assert [code.code for code in LISTS[name].codes] == [member.value for member in enum]


def test_the_fallback_of_a_list_is_the_default_of_its_avro_enum() -> None:
    registry = packaged_registry()
    for subject in registry.subjects():
        for name, enum in avro_enums(json.loads(registry.text(registry.newest(subject).schema_id))).items():
            assert (LISTS[name].fallback, name) == (enum["default"], name)


@each_list
def test_labels_tell_the_codes_apart_in_both_languages(found: CodeList) -> None:
    for labels in ([code.label.nl for code in found.codes], [code.label.en for code in found.codes]):
        assert len(set(labels)) == len(labels)


@each_list
def test_a_mapping_names_a_declared_list_and_gives_each_value_one_code(found: CodeList) -> None:
    for code in found.codes:
        assert set(code.maps) <= set(found.external)
    for external in found.external:
        values = mapped(found, external)
        assert values, f"{external} is declared and nothing is mapped to it"
        assert len(set(values)) == len(values)


@each_list
def test_every_value_of_a_complete_list_is_mapped_or_left_out_with_a_reason(found: CodeList) -> None:
    for name, external in found.external.items():
        if external.complete:
            assert sorted([*mapped(found, name), *external.left_out]) == sorted(external.values)


@each_list
def test_what_is_not_mapped_is_said_with_the_reason(found: CodeList) -> None:
    assert found.not_mapped


def test_all_themes_and_kinds_of_work_of_imkl_are_mapped() -> None:
    assert len(set(mapped(code_list(Discipline), "imkl_thema"))) == 15
    assert len(set(mapped(code_list(WorkType), "imkl_soort_werkzaamheden"))) == 51


def test_a_value_of_another_standard_finds_our_code() -> None:
    assert code_list(Discipline).from_external("imkl_thema", "landelijkHoogspanningsnet") == "electricity_high"
    assert code_list(WorkType).from_external("datex2_road_maintenance_type", "saltingInProgress") is None
    with pytest.raises(UnknownCode, match="mapped are imkl_thema"):
        code_list(Discipline).from_external("imkl_themas", "water")


def test_a_code_is_called_by_its_label() -> None:
    assert code_list(Discipline).label(Discipline.HYDROGEN, "nl") == "Waterstof"
    assert code_list(Discipline).label("hydrogen", "en") == "Hydrogen"
    with pytest.raises(UnknownCode, match="has no code 'steam'; it has gravity_sewer"):
        code_list(Discipline).label("steam", "en")


def test_an_enum_of_somebody_else_is_no_code_list() -> None:
    class Colour(StrEnum):
        RED = "red"

    with pytest.raises(UnknownCode, match="Colour is no code list"):
        code_list(Colour)


def test_a_list_cannot_be_changed_and_takes_nothing_that_it_does_not_know() -> None:
    found = code_list(Discipline)

    with pytest.raises(ValidationError):
        found.enum = "Other"  # type: ignore[misc]  # what mypy forbids as well
    with pytest.raises(ValidationError, match="colour"):
        CodeList.model_validate({**found.model_dump(), "colour": "red"})
