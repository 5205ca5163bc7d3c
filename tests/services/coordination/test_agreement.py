"""Agreements: rules as data."""

from pathlib import Path

import pytest

from meekoppel_contracts.codes import OverlapKind, Severity
from meekoppel_hub.coordination.agreement import load_agreement, national_agreement
from meekoppel_hub.coordination.errors import AgreementError


def write(folder: Path, text: str) -> Path:
    path = folder / "agreement.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_the_national_agreement_holds():
    assert load_agreement(None) == national_agreement()
    assert national_agreement().identity == "national/1"


def test_a_file_names_only_what_differs(tmp_path: Path):
    own = load_agreement(write(tmp_path, "ruleset: trial\nversion: 3\nlight_conflict_distance_m: 500\n"))
    assert own.identity == "trial/3"
    assert own.light_conflict_distance_m == 500
    assert own.opportunity == national_agreement().opportunity


def test_a_part_of_a_part_can_differ(tmp_path: Path):
    own = load_agreement(write(tmp_path, "ruleset: a\nversion: '1'\nopportunity: {distance_m: 7}\n"))
    assert own.opportunity.distance_m == 7
    assert own.opportunity.weights == national_agreement().opportunity.weights


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("ruleset: a\nversion: '1'\nopportunity: {distance_m: -1}\n", "opportunity.distance_m"),
        ("ruleset: a\nversion: '1'\nunheard_of: 1\n", "unheard_of"),
        ("light_conflict_distance_m: 500\n", "ruleset"),
        ("- a\n", "names with values"),
        ("a: [", "not YAML"),
    ],
)
def test_rules_that_cannot_be_used_are_refused_in_one_sentence(tmp_path: Path, text: str, problem: str):
    path = write(tmp_path, text)
    with pytest.raises(AgreementError) as refused:
        load_agreement(path)
    assert problem in str(refused.value)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(AgreementError, match="cannot be read"):
        load_agreement(tmp_path / "nowhere.yaml")


def test_the_fit_of_disciplines_does_not_depend_on_their_order():
    fit = national_agreement().discipline_fit
    assert fit.of("gas_low", "drinking_water") == fit.of("drinking_water", "gas_low") == 1.0
    assert fit.of("drinking_water", "electricity_low") < 1.0


def test_the_deepest_discipline_comes_first_in_the_sequence():
    depth = national_agreement().depth
    assert depth["gravity_sewer"] < depth["drinking_water"] < depth["road"]


def test_every_kind_that_is_found_has_a_severity():
    severity = national_agreement().severity
    assert severity.of(OverlapKind.CONFLICT_HEAVY) is Severity.HIGH
    assert severity.of(OverlapKind.DETOUR_HIT) is Severity.UNKNOWN
