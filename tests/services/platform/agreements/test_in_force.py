"""Which rules hold at a moment."""

from datetime import UTC, datetime

import pytest

from meekoppel_hub.platform.agreements.in_force import AgreementVersion, AreaVersion, rules_in_force

JAN, FEB, MAR, APR = (datetime(2027, month, 1, tzinfo=UTC) for month in (1, 2, 3, 4))


def area(name="a", revision=1, *, since=None, until=None, ended=False, margin=0.0) -> AreaVersion:
    return AreaVersion(name, revision, since, until, ended, margin, b"", (0.0, 0.0, 10.0, 10.0))


def agreement(name="x", revision=1, *, areas=("a",), since=None, until=None, ended=False, rules="{}", at=JAN):
    return AgreementVersion(name, revision, since, until, ended, "gm0361", tuple(areas), rules, at)


def holding(areas, agreements, moment=FEB):
    rules = rules_in_force(areas, agreements, moment)
    return [(held.agreement.subject, held.agreement.revision) for held in rules.agreements]


def test_an_agreement_holds_in_its_areas():
    rules = rules_in_force([area("a"), area("b"), area("c")], [agreement(areas=("b", "a"))], FEB)
    assert [one.subject for held in rules.agreements for one in held.areas] == ["a", "b"]
    assert (rules.default, rules.until) == (None, None)


def test_the_newest_revision_holds_whatever_the_order():
    assert holding([area()], [agreement(revision=2), agreement(revision=10), agreement(revision=1)]) == [("x", 10)]


def test_one_that_holds_from_later_on_leaves_the_one_before_in_force_until_then():
    versions = [agreement(revision=1), agreement(revision=2, since=MAR)]
    assert holding([area()], versions, FEB) == [("x", 1)]
    assert rules_in_force([area()], versions, FEB).until == MAR
    assert holding([area()], versions, MAR) == [("x", 2)]
    assert rules_in_force([area()], versions, MAR).until is None


def test_one_that_ran_out_does_not_bring_an_older_one_back():
    versions = [agreement(revision=1), agreement(revision=2, until=MAR)]
    assert rules_in_force([area()], versions, FEB).until == MAR
    assert holding([area()], versions, MAR) == []


@pytest.mark.parametrize("since", [None, APR])
def test_one_that_was_ended_does_not_bring_an_older_one_back(since):
    versions = [agreement(revision=1), agreement(revision=2, ended=True, since=since)]
    assert holding([area()], versions, FEB) == []
    assert rules_in_force([area()], versions, FEB).until is None


def test_one_whose_areas_have_ended_or_are_unknown_holds_nowhere():
    assert holding([area(revision=1), area(revision=2, ended=True)], [agreement()]) == []
    assert holding([], [agreement()]) == []


def test_an_area_too_can_change_by_the_course_of_time():
    areas = [area(revision=1), area(revision=2, since=APR, margin=5.0)]
    assert rules_in_force(areas, [agreement()], FEB).until == APR
    assert [held.areas[0].margin_m for held in rules_in_force(areas, [agreement()], APR).agreements] == [5.0]


def test_the_default_is_the_agreement_without_areas():
    rules = rules_in_force([area()], [agreement(), agreement("d", areas=())], FEB)
    assert rules.default is not None
    assert rules.default.agreement.subject == "d"
    assert len(rules.agreements) == 1


def test_rules_that_hold_in_the_same_places_do_not_change():
    before = rules_in_force([area()], [agreement()], FEB)
    assert before.changes_to(rules_in_force([area()], [agreement()], MAR)) == (False, [])


def test_a_change_concerns_the_areas_as_they_were_and_as_they_are_with_their_margins():
    before = rules_in_force([area("a"), area("b")], [agreement()], FEB)
    after = rules_in_force([area("a", 2, margin=5.0), area("b")], [agreement()], FEB)
    assert before.changes_to(after) == (True, [(-5.0, -5.0, 15.0, 15.0), (0.0, 0.0, 10.0, 10.0)])


def test_another_default_concerns_everything():
    before = rules_in_force([], [], FEB)
    assert before.changes_to(rules_in_force([], [agreement("d", areas=())], FEB)) == (True, None)
