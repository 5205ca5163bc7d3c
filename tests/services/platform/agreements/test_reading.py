"""Agreements as people write them: only what differs, and messages that say where and what to do."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from meekoppel_hub.platform.agreements import (
    AgreementError,
    national_agreement,
    parse_agreement,
    read_agreement,
    rules_from_json,
    rules_to_json,
)

HEAD = "ruleset: a\nversion: '1'\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "agreement.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_built_in_default_has_a_name_and_a_version():
    assert national_agreement().identity == "national/1"


def test_a_file_names_only_what_differs(tmp_path: Path):
    own = read_agreement(write(tmp_path, "ruleset: trial\nversion: 3\nlight_conflict_distance_m: 500\n"))
    assert own.rules.identity == "trial/3"
    assert own.rules.light_conflict_distance_m == 500
    assert own.rules.opportunity == national_agreement().opportunity
    assert own.based_on == "national/1"
    assert own.own_settings == ("light_conflict_distance_m", "ruleset", "version")


def test_a_part_of_a_part_can_differ():
    own = parse_agreement(HEAD + "opportunity: {distance_m: 7}\n")
    assert own.rules.opportunity.distance_m == 7
    assert own.rules.opportunity.weights == national_agreement().opportunity.weights
    assert "opportunity.distance_m" in own.own_settings


def test_one_pair_of_disciplines_can_differ_and_the_others_stay():
    own = parse_agreement(HEAD + "discipline_fit: {pairs: [[gas_low, drinking_water, 0.1]]}\n").rules.discipline_fit
    assert own.of("drinking_water", "gas_low") == 0.1
    assert own.of("electricity_low", "telecom") == national_agreement().discipline_fit.of("electricity_low", "telecom")


def test_it_can_be_laid_over_another_default():
    default = parse_agreement("ruleset: ours\nversion: '9'\nopportunity: {distance_m: 99}\n").rules
    own = parse_agreement(HEAD, default=default)
    assert own.rules.opportunity.distance_m == 99
    assert own.based_on == "ours/9"


def test_a_file_says_where_and_when_it_holds():
    own = parse_agreement(
        HEAD + "title: T\nareas: [NL.gm0361.gemeente]\nvalid_from: 2027-01-01\n"
        "valid_until: 2028-01-01T00:00:00+01:00\nreason: why\n"
    )
    assert own.areas == ("NL.gm0361.gemeente",)
    assert (own.title, own.reason) == ("T", "why")
    assert own.valid_from == datetime(2027, 1, 1, tzinfo=UTC)
    assert own.valid_until == datetime(2027, 12, 31, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (HEAD + "opportunity: {distance_m: -1}\n", "line 3: opportunity.distance_m"),
        (HEAD + "unheard_of: 1\n", "unheard_of: there is no such setting"),
        (HEAD + "opportunity:\n  distanse_m: 1\n", "line 4: opportunity.distanse_m"),
        (HEAD + "opportunity:\n  distanse_m: 1\n", "did you mean `distance_m`?"),
        (HEAD + "moratoria: [{name: a, months: 12}, {months: 12}]\n", "moratoria.2.name: it is missing"),
        (HEAD + "moratoria: [{name: a, months: 12}, {name: a, months: 24}]\n", "a stands in it twice"),
        (HEAD + "size_classes: []\n", "size_classes"),
        (HEAD + "areas: [Alkmaar]\n", "line 3: areas"),
        (HEAD + "areas: NL.gm0361.gemeente\n", "give a list"),
        (HEAD + "valid_from: 2027-01-01T00:00:00\n", "give the time a zone"),
        (HEAD + "valid_from: soon\n", "give a day"),
        (HEAD + "valid_from: 2027-01-02\nvalid_until: 2027-01-01\n", "after valid_from"),
        (HEAD + f"title: {'x' * 101}\n", "title"),
        ("light_conflict_distance_m: 500\n", "ruleset"),
        ("- a\n", "names with values"),
        ("", "names with values"),
        ("a: [", "not YAML"),
    ],
)
def test_rules_that_cannot_be_used_are_refused_in_one_sentence(tmp_path: Path, text: str, problem: str):
    path = write(tmp_path, text)
    with pytest.raises(AgreementError) as refused:
        read_agreement(path)
    assert problem in str(refused.value)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_every_problem_is_named_in_the_order_of_the_file():
    with pytest.raises(AgreementError) as refused:
        parse_agreement(HEAD + "light_conflict_distance_m: -1\nopportunity: {distance_m: x}\ntitel: a\n")
    assert [problem.line for problem in refused.value.problems] == [3, 4, 5]


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(AgreementError, match="cannot be read"):
        read_agreement(tmp_path / "nowhere.yaml")


def test_what_an_event_carries_gives_the_same_rules_back():
    own = parse_agreement(HEAD + "discipline_fit: {pairs: [[gas_low, heat, 0.1]]}\nmoratoria: [{name: a, months: 1}]\n")
    assert rules_from_json(rules_to_json(own.rules)) == own.rules


def test_rules_of_an_older_hub_are_filled_from_the_default():
    assert rules_from_json('{"ruleset": "a", "version": "1"}').escalation == national_agreement().escalation


@pytest.mark.parametrize("text", ["", "[]", "{", '{"ruleset": "a", "version": "1", "unheard_of": 1}'])
def test_an_event_without_usable_rules_is_refused(text: str):
    with pytest.raises(AgreementError):
        rules_from_json(text)
