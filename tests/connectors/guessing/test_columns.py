from __future__ import annotations

from typing import Any

import pytest

from meekoppel_connectors.guessing.codes import CERTAINTY_WORDS, DISCIPLINE_WORDS, STATUS_WORDS, guess_coded, meaning
from meekoppel_connectors.guessing.guess import Confidence
from meekoppel_connectors.guessing.identity import guess_id
from meekoppel_connectors.guessing.organisations import guess_owner, kind_of
from meekoppel_connectors.guessing.periods import guess_period
from meekoppel_connectors.guessing.sample import Sample, sample_of
from meekoppel_connectors.guessing.texts import guess_description, guess_title
from meekoppel_connectors.guessing.words import Role, fits


def sample(**columns: list[Any]) -> Sample:
    rows = max(map(len, columns.values()))
    return sample_of([{name: values[row] for name, values in columns.items()} for row in range(rows)])


def period_of(**columns: list[Any]) -> tuple[str, str, Confidence] | None:
    guess = guess_period(sample(**columns))
    return None if guess is None else (guess.value.start.name, guess.value.end.name, guess.confidence)


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Projectnummer", Role.ID),
        ("reference_number", Role.ID),
        ("Aktenzeichen", Role.ID),
        ("Startdatum", Role.START),
        ("validity.from", Role.START),
        ("date_début", Role.START),
        ("Einddatum", Role.END),
        ("bis", Role.END),
        ("X-coördinaat", Role.X),
        ("RD_Y", Role.Y),
        ("Breitengrad", Role.LATITUDE),
        ("opdrachtgever", Role.ORGANISATION),
        ("Projectnr.", Role.ID),
    ],
)
def test_the_names_of_four_languages_are_known(name: str, role: Role) -> None:
    assert fits(name, role) >= 0.7


def test_an_id_with_leading_zeros_is_found() -> None:
    guess = guess_id(sample(nr=["00123", "00124"], titel=["Riool Laat", "Riool Dijk"]))
    assert guess is not None
    assert (guess.value, guess.confidence) == ("nr", Confidence.SURE)


def test_a_column_that_repeats_is_no_id_when_another_is_unique() -> None:
    guess = guess_id(sample(code=["a", "a", "b"], kenmerk=["x1", "x2", "x3"]))
    assert guess is not None
    assert guess.value == "kenmerk"


def test_an_id_that_repeats_is_unsure_and_says_how_often() -> None:
    guess = guess_id(sample(projectnr=["1", "1", "2"], titel=["Riool Laat", "Riool Dijk", "Riool Dijk"]))
    assert guess is not None
    assert guess.confidence is Confidence.UNSURE
    assert "1 repeat one" in guess.why


def test_the_number_of_a_feature_is_only_a_last_resort() -> None:
    guess = guess_id(sample(fid=[1, 2], naam=["Riool Laat", "Riool Dijk"]))
    assert guess is not None
    assert (guess.value, guess.confidence) == ("fid", Confidence.UNSURE)


def test_neither_dates_nor_coordinates_are_ids() -> None:
    assert guess_id(sample(start=["2026-01-01", "2026-01-02"], x=[1.5, 2.5])) is None


def test_of_many_dates_those_named_like_a_period_are_taken() -> None:
    found = period_of(
        published_date=["2026-01-01", "2026-01-01"],
        start_date=["2026-02-01", "2026-02-02"],
        end_date=["2026-03-01", "2026-03-02"],
        last_update=["2026-04-01", "2026-04-01"],
    )
    assert found is not None
    assert found[:2] == ("start_date", "end_date")


def test_two_date_columns_without_telling_names_are_put_in_order_and_unsure() -> None:
    found = period_of(datum1=["2026-05-01", "2026-06-01"], datum2=["2026-01-01", "2026-02-01"])
    assert found == ("datum2", "datum1", Confidence.UNSURE)


def test_one_date_column_serves_for_both_ends() -> None:
    assert period_of(uitvoering_start=["2026-05-01"]) == ("uitvoering_start", "uitvoering_start", Confidence.UNSURE)


def test_the_other_end_of_the_period_tells_which_number_is_the_day() -> None:
    guess = guess_period(sample(start=["01/02/2026", "03/04/2026"], end=["02/28/2026", "04/30/2026"]))
    assert guess is not None
    forms = (guess.value.start.form, guess.value.end.form)
    assert [form.value.formats for form in forms] == [("%m/%d/%Y",)] * 2
    assert [form.confidence for form in forms] == [Confidence.SURE] * 2


def test_the_date_of_an_update_is_no_period() -> None:
    assert period_of(update_date=["2026-05-01"]) is None


def test_long_numbers_are_dates_only_by_their_name() -> None:
    ids = ["1784764800", "1784764801"]
    assert period_of(objectnummer=ids) is None
    assert period_of(begindatum=ids) is not None


def test_a_title_that_is_empty_in_some_rows_is_unsure() -> None:
    guess = guess_title(sample(naam=["Riool Laat", None]), set())
    assert guess is not None
    assert guess.confidence is Confidence.UNSURE


def test_title_and_description_are_told_apart() -> None:
    rows = sample(
        straat=["Laat 12", "Dijk 3"],
        toelichting=["Vervangen van de riolering over de hele lengte", "Nieuwe bestrating en bomen"],
    )
    title = guess_title(rows, set())
    assert title is not None
    description = guess_description(rows, {title.value})
    assert description is not None
    assert (title.value, description.value) == ("straat", "toelichting")


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Vast", "planned"),
        ("Provisional", "tentative"),
        ("niet concreet gepland", "tentative"),
        ("Concreet gepland", "planned"),
        ("In uitvoering", "in_progress"),
        ("En cours", "in_progress"),
        ("Abgeschlossen", "completed"),
        ("Geannuleerd", "cancelled"),
        ("Niet uitgevoerd", "not_executed"),
        ("Xyzzy", None),
    ],
)
def test_words_for_a_status_are_understood(word: str, status: str | None) -> None:
    assert meaning(word, STATUS_WORDS) == status


def test_one_column_gives_status_and_certainty() -> None:
    rows = sample(Status=["Vast", "Voorlopig", "Vast", "Vast"])
    status = guess_coded(rows, Role.STATUS, STATUS_WORDS, "planned", set())
    certainty = guess_coded(rows, Role.CERTAINTY, CERTAINTY_WORDS, "possible", set())
    assert status is not None
    assert certainty is not None
    assert status.value.codes == {"Vast": "planned", "Voorlopig": "tentative"}
    assert certainty.value.codes == {"Vast": "firm", "Voorlopig": "probable"}


def test_a_code_that_is_no_known_word_gets_the_default_and_is_named() -> None:
    guess = guess_coded(sample(fase=["Vast", "Q7", "Q7", "Vast"]), Role.STATUS, STATUS_WORDS, "planned", set())
    assert guess is not None
    assert (guess.value.unknown, guess.confidence) == (("Q7",), Confidence.UNSURE)


def test_the_owner_is_the_publisher_unless_a_column_names_organisations() -> None:
    assert guess_owner(sample(naam=["Riool"]), "gm0361", set()).value.column is None
    guess = guess_owner(sample(opdrachtgever=["Gemeente Alkmaar", "Liander"]), "gm0361", set())
    assert guess.value.column == "opdrachtgever"


@pytest.mark.parametrize(
    ("name", "kind"),
    [("gm0361", "municipality"), ("Waterschap Zuiderzeeland", "water_board"), ("Liander", "electricity_gas_operator")],
)
def test_the_kind_of_organisation_is_read_from_its_name_or_code(name: str, kind: str) -> None:
    assert kind_of(name) == kind


def test_a_total_and_a_remark_below_the_table_leave_the_id_what_it_is() -> None:
    numbers = [f"{number:05d}" for number in range(1, 12)]
    guess = guess_id(
        sample(**{"Projectnr.": [*numbers, None, "* excl. btw"], "Straat": [*["Laat"] * 11, "Totaal", None]})
    )
    assert guess is not None
    assert (guess.value, guess.confidence) == ("Projectnr.", Confidence.UNSURE)
    assert "of 13 rows 1 have no value, 1 hold what is no id" in guess.why


def test_a_column_of_persons_is_never_offered_as_a_title() -> None:
    guess = guess_title(sample(omschrijving=["Riool Laat", "Riool Dijk"], projectleider=["J. de Vries"] * 2), set())
    assert guess is not None
    assert (guess.value, guess.alternatives) == ("omschrijving", ())


@pytest.mark.parametrize(
    ("phase", "status", "certainty"),
    [
        ("VO", "tentative", "probable"),
        ("DO", "planned", "probable"),
        ("UO", "planned", "firm"),
        ("UITV", "in_progress", "firm"),
        ("NAZ", "completed", "firm"),
        ("Voorbereiding", "planned", "firm"),
        ("Document", None, None),
    ],
)
def test_phases_of_a_design_are_understood_by_their_abbreviations(
    phase: str, status: str | None, certainty: str | None
) -> None:
    assert (meaning(phase, STATUS_WORDS), meaning(phase, CERTAINTY_WORDS)) == (status, certainty)


def test_a_kind_of_work_that_joins_two_gives_both() -> None:
    works = ["riolering + wegen", "wegen", "groen en wegen", "wegen"]
    guess = guess_coded(sample(soort=works), Role.DISCIPLINE, DISCIPLINE_WORDS, "other", set())
    assert guess is not None
    assert guess.value.codes == {
        "wegen": "road",
        "riolering + wegen": ("gravity_sewer", "road"),
        "groen en wegen": ("greenery", "road"),
    }


def test_a_coordinate_that_differs_in_every_row_is_not_offered_as_an_id() -> None:
    guess = guess_id(sample(volgnr=["1", "2", "3"], RD_X=["111500", "111501", "111502"]))
    assert guess is not None
    assert (guess.value, guess.alternatives) == ("volgnr", ())
