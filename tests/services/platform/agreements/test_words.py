"""Two versions in words."""

from meekoppel_hub.platform.agreements import national_agreement, parse_agreement
from meekoppel_hub.platform.agreements.templates import template_text
from meekoppel_hub.platform.agreements.words import differences, settings_of

HEAD = "ruleset: a\nversion: '1'\n"


def said(text: str) -> list[str]:
    return [str(one) for one in differences(national_agreement(), parse_agreement(HEAD + text).rules)]


def test_the_same_rules_under_another_name_differ_in_nothing():
    assert said("") == []


def test_a_setting_is_named_with_both_values_and_what_it_does():
    assert said("opportunity: {distance_m: 50}\n") == [
        "opportunity.distance_m: 25 → 50 (how far apart the zones may lie, in metres, as drawn)"
    ]


def test_what_is_new_and_what_is_gone_is_said():
    found = said("moratoria: [{name: redesign, months: 60}]\nsize_classes: [{name: small, lead_time_weeks: 2}]\n")
    assert (
        "moratoria.redesign.months: new, 60 (for how many months the ground rests, from the end of the work)" in found
    )
    assert any(one.startswith("size_classes.large.lead_time_weeks: gone, was 26") for one in found)


def test_pairs_and_the_sequence_are_compared_by_what_they_are_about():
    found = said("discipline_fit: {pairs: [[gas_low, drinking_water, 0.2]]}\nlayers: [[road]]\n")
    assert any(one.startswith("discipline_fit.pairs.drinking_water with gas_low: 1 → 0.2") for one in found)
    assert any(one.startswith("layers.1: gravity_sewer, pressure_sewer, structure → road") for one in found)


def test_every_setting_says_what_it_does():
    for rules in (national_agreement(), parse_agreement(template_text("city")).rules):
        assert all(one.meaning for one in settings_of(rules))
