from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from meekoppel_connectors.guessing.dates import guess_dates
from meekoppel_connectors.guessing.guess import Confidence
from meekoppel_connectors.guessing.sample import Column


def column(*values: Any) -> Column:
    return Column("datum", values, len(values))


@pytest.mark.parametrize(
    ("texts", "formats"),
    [
        (["2026-03-31", "2026-04-01"], ()),
        (["2026-03-31T08:00:00Z"], ()),
        (["2020-06-10T00:00:00.000Z"], ()),
        (["31-3-2026", "1-4-2026"], ("%d-%m-%Y",)),
        (["3/31/2026", "4/1/2026"], ("%m/%d/%Y",)),
        (["30.05.2022 10:00", "01.02.2022 23:59"], ("%d.%m.%Y %H:%M",)),
        (["31-12-26"], ("%d-%m-%y",)),
        (["20201211000000"], ("%Y%m%d%H%M%S",)),
        (["20201211"], ("%Y%m%d",)),
        (["1784764800000"], ("epoch_ms",)),
        (["1784764800"], ("epoch_s",)),
    ],
)
def test_the_form_of_the_dates_is_found_out(texts: list[str], formats: tuple[str, ...]) -> None:
    guess = guess_dates(column(*texts))
    assert guess is not None
    assert guess.value.formats == formats


def test_dates_of_a_workbook_need_no_form() -> None:
    guess = guess_dates(column(date(2026, 3, 31)))
    assert guess is not None
    assert (guess.value.formats, guess.confidence) == ((), Confidence.SURE)


def test_one_day_above_twelve_anywhere_tells_which_number_is_the_day() -> None:
    guess = guess_dates(column("01-02-2026", "03-04-2026", "05-06-2026", "13-07-2026"))
    assert guess is not None
    assert (guess.value.formats, guess.confidence) == (("%d-%m-%Y",), Confidence.SURE)


def test_days_that_could_all_be_months_are_unsure_and_name_the_other_form() -> None:
    guess = guess_dates(column("01-02-2026", "03-04-2026"))
    assert guess is not None
    assert (guess.value.formats, guess.confidence) == (("%d-%m-%Y",), Confidence.UNSURE)
    assert guess.alternatives == ('date: "%m-%d-%Y"',)


def test_with_dots_the_day_comes_first() -> None:
    guess = guess_dates(column("01.02.2026", "03.04.2026"))
    assert guess is not None
    assert (guess.value.formats, guess.confidence) == (("%d.%m.%Y",), Confidence.SURE)


def test_a_column_that_mixes_both_orders_is_unsure() -> None:
    guess = guess_dates(column("31-01-2026", "30-01-2026", "28-01-2026", "27-01-2026", "26-01-2026", "01-31-2026"))
    assert guess is not None
    assert guess.confidence is Confidence.UNSURE
    assert "mixes two forms" in guess.why


def test_several_forms_in_one_column_are_all_named() -> None:
    guess = guess_dates(column("31-01-2026", "30-01-2026 08:00"))
    assert guess is not None
    assert guess.value.formats == ("%d-%m-%Y", "%d-%m-%Y %H:%M")


def test_values_that_are_no_dates_among_dates_are_counted() -> None:
    guess = guess_dates(column(*["31-01-2026"] * 9, "n.t.b."))
    assert guess is not None
    assert guess.confidence is Confidence.UNSURE
    assert "1 of 10 values are no dates" in guess.why


@pytest.mark.parametrize(
    "text",
    [
        "5.5. - 12.6.2015",
        "01-02-2026 t/m 03-04-2026",
        "1.2.2026 bis 3.4.2026",
        "week 23 2026",
        "Q3 2026",
        "najaar 2026",
    ],
)
def test_a_period_in_one_text_is_seen(text: str) -> None:
    guess = guess_dates(column(text))
    assert guess is not None
    assert guess.value.is_range


@pytest.mark.parametrize("text", ["00123", "111500,5", "riool", "2026", "2147348493x", "31-02-2026", "12345678"])
def test_what_is_no_date_is_not_taken_for_one(text: str) -> None:
    assert guess_dates(column(text)) is None


@pytest.mark.parametrize(
    ("texts", "formats"),
    [
        (["31-12-2026 00:00", "01-02-2026 00:00"], ("%d-%m-%Y 00:00", "%d-%m-%Y %H:%M")),
        (["31-12-2026 0:00:00"], ("%d-%m-%Y 0:00:00", "%d-%m-%Y %H:%M:%S")),
        (["2026-12-31T00:00:00", "2026-01-02T00:00:00"], ("%Y-%m-%dT00:00:00", "iso")),
        (["2026-12-31T00:00:00", "2026-01-02T08:00:00"], ()),
        (["31-12-2026 00:00", "01-02-2026"], ("%d-%m-%Y %H:%M", "%d-%m-%Y")),
    ],
)
def test_days_that_an_export_writes_with_midnight_stay_days(texts: list[str], formats: tuple[str, ...]) -> None:
    guess = guess_dates(column(*texts))
    assert guess is not None
    assert guess.value.formats == formats
