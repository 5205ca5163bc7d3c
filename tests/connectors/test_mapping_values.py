from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meekoppel_connectors.mapping.dates import time_of
from meekoppel_connectors.mapping.reasons import Reason, Unreadable
from meekoppel_connectors.mapping.values import number_of, slug_of, text_of, truth_of, whole_of
from meekoppel_contracts.ids import org_code

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
LOCAL = datetime(2000, 1, 1, 10)  # noqa: DTZ001 - local times are what is read


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]  # a shorthand for the tests


def read(value: object, *formats: str, is_end: bool = False) -> datetime:
    return time_of(value, formats or ("iso",), AMSTERDAM, is_end=is_end, end_of_day=is_end)


@pytest.mark.parametrize(
    ("value", "formats", "expected"),
    [
        ("2026-07-01T10:00:00", ("iso",), utc(2026, 7, 1, 8)),
        ("2026-01-01T10:00:00Z", ("iso",), utc(2026, 1, 1, 10)),
        ("2026-01-01T10:00:00+05:00", ("iso",), utc(2026, 1, 1, 5)),
        ("30.05.2022 10:00", ("%d-%m-%Y", "%d.%m.%Y %H:%M"), utc(2022, 5, 30, 8)),
        ("1772359200000", ("epoch_ms",), utc(2026, 3, 1, 10)),
        (1772359200, ("epoch_s",), utc(2026, 3, 1, 10)),
        (LOCAL.replace(2026), ("%d-%m-%Y",), utc(2026, 1, 1, 9)),
        ("2026-01-01", ("iso",), utc(2025, 12, 31, 23)),
        (date(2026, 1, 1), ("iso",), utc(2025, 12, 31, 23)),
    ],
)
def test_a_time_is_read_in_its_zone_and_given_in_utc(
    value: object, formats: tuple[str, ...], expected: datetime
) -> None:
    assert read(value, *formats) == expected


@pytest.mark.parametrize(
    "value", ["01-04-2026", "2026-02-30", "5.5. - 12.6.2015", "2026-W23", "", "99999999999999999999"]
)
def test_what_is_no_date_of_the_form_is_refused(value: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read(value, "iso", "epoch_ms")
    assert caught.value.reason is Reason.DATE_UNREADABLE


@pytest.mark.parametrize("value", ["2026-04-30", date(2026, 4, 30)])
def test_a_bare_date_as_an_end_is_the_end_of_that_day(value: object) -> None:
    assert read(value, is_end=True) == utc(2026, 4, 30, 21, 59, 59)


def test_a_form_without_a_time_of_day_is_a_bare_date() -> None:
    assert read("30-04-2026", "%d-%m-%Y", is_end=True) == utc(2026, 4, 30, 21, 59, 59)


def test_a_midnight_that_is_written_out_is_no_bare_date() -> None:
    assert read("2026-04-30T00:00", is_end=True) == utc(2026, 4, 29, 22)


def test_of_a_local_time_that_exists_twice_a_start_is_the_earlier_and_an_end_the_later() -> None:
    assert read("2026-10-25T02:30:00") == utc(2026, 10, 25, 0, 30)
    assert read("2026-10-25T02:30:00", is_end=True) == utc(2026, 10, 25, 1, 30)


@pytest.mark.parametrize("is_end", [False, True])
def test_a_local_time_that_does_not_exist_counts_from_before_the_change(is_end: bool) -> None:
    assert read("2026-03-29T02:30:00", is_end=is_end) == utc(2026, 3, 29, 1, 30)


@given(st.datetimes(LOCAL.replace(1990), LOCAL.replace(2090)))
def test_an_end_never_lies_before_a_start_of_the_same_local_time(moment: datetime) -> None:
    assert read(moment, is_end=True) >= read(moment)


@pytest.mark.parametrize(
    ("text", "decimal", "expected"),
    [
        ("12", None, 12),
        ("12.5", None, 12.5),
        ("155000,25", None, 155000.25),
        ("1.234.567,5", None, 1234567.5),
        ("1,234,567", None, 1234567),
        ("1 234,5", None, 1234.5),
        ("0,125", None, 0.125),
        ("1,234", ",", 1.234),
        ("1,234", ".", 1234),
        ("1.234", ",", 1234),
        ("-3.5", ".", -3.5),
        (7, None, 7),
    ],
)
def test_numbers_are_read_with_either_decimal_sign(
    text: object, decimal: Literal[".", ","] | None, expected: float
) -> None:
    assert number_of(text, decimal) == expected


@pytest.mark.parametrize(
    ("text", "decimal"),
    [("1,234", None), ("12.5", ","), ("ca. 5", None), ("nan", None), ("inf", None), ("1.2.3", None)],
)
def test_what_is_no_number_or_could_be_two_is_refused(text: str, decimal: Literal[".", ","] | None) -> None:
    with pytest.raises(Unreadable) as caught:
        number_of(text, decimal)
    assert caught.value.reason is Reason.NUMBER_UNREADABLE


def test_a_whole_number_has_no_fraction() -> None:
    assert whole_of("12,0", None) == 12
    with pytest.raises(Unreadable):
        whole_of("12,5", None)


@pytest.mark.parametrize(("value", "expected"), [(41.0, "41"), (41, "41"), (" a ", "a"), (1.5, "1.5"), (True, "true")])
def test_values_become_text_as_a_person_writes_them(value: object, expected: str) -> None:
    assert text_of(value) == expected


def test_yes_and_no_are_understood_in_dutch_too() -> None:
    assert truth_of("Ja") is True
    assert truth_of("nee") is False
    with pytest.raises(Unreadable):
        truth_of("misschien")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Leicestershire", "leicestershire"),
        ("Leeds / Wakefield", "leeds--wakefield"),
        ("Bath & North East Somerset", "bath--north-east-somerset"),
        ("  Fryslân ", "fryslan"),
        ("'s-Hertogenbosch", "s-hertogenbosch"),
    ],
)
def test_an_organisation_code_is_made_of_a_name(name: str, code: str) -> None:
    assert slug_of(name) == code


def test_long_names_that_begin_alike_get_different_codes() -> None:
    first, second = (slug_of("Leicestershire / Nottinghamshire / Derbyshire / South Yorkshire " + end) for end in "ab")
    assert first != second
    assert max(len(first), len(second)) <= 64


@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=1))
def test_a_code_that_is_made_is_always_a_valid_one(name: str) -> None:
    try:
        code = slug_of(name)
    except Unreadable:
        return
    assert org_code(code) == code


@pytest.mark.parametrize(
    ("value", "formats"),
    [
        ("0001-01-01", ("iso",)),
        ("9999-12-31", ("iso",)),
        (date(1899, 12, 30), ("iso",)),
        (1772359200000, ("epoch_s",)),
        (1772359200, ("epoch_ms",)),
        ("0", ("epoch_s",)),
        ("01-01-0026", ("%d-%m-%Y",)),
    ],
)
def test_a_year_in_which_nobody_plans_works_is_refused(value: object, formats: tuple[str, ...]) -> None:
    with pytest.raises(Unreadable) as caught:
        read(value, *formats)
    assert caught.value.reason is Reason.DATE_UNREADABLE


def test_seconds_and_milliseconds_in_one_column_are_told_apart_by_their_year() -> None:
    for value in (1772359200, 1772359200000):
        assert read(value, "epoch_ms", "epoch_s") == utc(2026, 3, 1, 10)


def test_yes_is_no_number() -> None:
    with pytest.raises(Unreadable):
        number_of(True, None)
