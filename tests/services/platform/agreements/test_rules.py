"""What the rules say of a work."""

import pytest

from meekoppel_contracts.codes import OverlapKind, Severity
from meekoppel_hub.platform.agreements import Agreement, Role, national_agreement, parse_agreement
from meekoppel_hub.platform.agreements.templates import TEMPLATES, template_text

KINDS = [kind for kind in OverlapKind if kind is not OverlapKind.OTHER]


def template(name: str) -> Agreement:
    return parse_agreement(template_text(name)).rules


def test_the_fit_of_disciplines_does_not_depend_on_their_order():
    fit = national_agreement().discipline_fit
    assert fit.of("gas_low", "drinking_water") == fit.of("drinking_water", "gas_low") == 1.0
    assert fit.of("drinking_water", "electricity_low") < 1.0


def test_the_deepest_discipline_comes_first_in_the_sequence():
    depth = national_agreement().depth
    assert depth["gravity_sewer"] < depth["drinking_water"] < depth["road"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_meeting_has_a_severity_a_term_and_someone_who_is_told(kind: OverlapKind):
    rules = national_agreement()
    assert rules.severity.of(kind) is not Severity.UNKNOWN
    assert rules.deadlines.assessment_days.of(kind)
    assert Role.OWNER in rules.told.of(kind)


def test_what_has_no_rule_says_so():
    rules = national_agreement()
    assert rules.severity.of(OverlapKind.OTHER) is Severity.UNKNOWN
    assert rules.deadlines.assessment_days.of(OverlapKind.OTHER) is None
    assert rules.told.of(OverlapKind.OTHER) == ()
    assert not rules.escalation.covers(OverlapKind.OTHER)


@pytest.mark.parametrize(
    ("area", "trench", "name"),
    [
        (None, None, "small"),
        (24.9, None, "small"),
        (25.0, None, "medium"),
        (0.0, 25.0, "medium"),
        (500.0, 1.0, "large"),
        (None, 250.0, "large"),
    ],
)
def test_a_work_is_in_the_largest_class_of_which_it_reaches_a_measure(area, trench, name):
    assert national_agreement().size_class(area, trench).name == name


@pytest.mark.parametrize(
    ("work_types", "disciplines", "months"),
    [
        ({"redesign"}, {"public_space", "telecom"}, 60),
        ({"replace"}, {"road"}, 60),
        ({"replace"}, {"drinking_water"}, 24),
        ({"survey"}, {"drinking_water"}, None),
        (set(), {"drinking_water"}, None),
    ],
)
def test_the_ground_rests_by_the_first_rule_that_fits(work_types, disciplines, months):
    rule = template("city").rest_after(frozenset(work_types), frozenset(disciplines))
    assert (rule.months if rule else None) == months


def test_the_default_lets_the_ground_rest_after_nothing():
    assert national_agreement().rest_after(frozenset({"redesign"}), frozenset({"road"})) is None


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_can_be_applied_as_it_stands(name: str):
    assert template(name).size_classes


@pytest.mark.parametrize("name", [name for name in TEMPLATES if name != "national"])
def test_every_template_explains_itself_and_says_how_to_try_it_out(name: str):
    text = template_text(name)
    lines = [line for line in text.splitlines() if line.strip()]
    assert sum("#" in line for line in lines) > len(lines) / 4
    assert "meekoppel agreements simulate" in text
    assert parse_agreement(text).areas
