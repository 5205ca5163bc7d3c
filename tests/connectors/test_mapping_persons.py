"""What becomes of a plan in which a person is found: masked, left out or rejected, by the settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from meekoppel_connectors.check import check_source
from meekoppel_connectors.errors import ConfigError
from meekoppel_connectors.mapping.read import read_plans
from meekoppel_connectors.mapping.report import MappingReport
from meekoppel_connectors.preview import preview
from tests.connectors.feeds import NOW, ROW, configured, the_plan, the_reasons, write_csv

TEXT: dict[str, Any] = {"description": {"field": "tekst"}}
PERSON = "Bel dhr. Jan de Vries, 06-12345678 of j.jansen@alkmaar.nl"
CONTACT: dict[str, Any] = {"contact": {"mailbox": {"field": "mail"}, "phone": {"field": "tel"}}}


def test_in_a_text_a_person_is_masked_and_counted(tmp_path: Path) -> None:
    write_csv(tmp_path / "feed.csv", [{**ROW, "tekst": PERSON}, {**ROW, "nr": "2", "tekst": "Riool"}])
    report = MappingReport()
    first, second = read_plans(configured(tmp_path, TEXT), NOW, report)
    assert first.plan is not None
    assert second.plan is not None
    assert first.plan.description == "Bel dhr. [naam weggelaten], [nummer weggelaten] of [e-mail weggelaten]"
    assert second.plan.description == "Riool"
    assert report.masked == {"plan.description": 1}


def test_a_person_in_a_text_rejects_the_row_when_that_is_set(tmp_path: Path) -> None:
    privacy = {"in_text": "reject"}
    assert the_reasons(tmp_path, {"tekst": PERSON}, plan=TEXT, privacy=privacy) == [("tekst", "personal_data")]


def test_a_change_of_the_person_alone_is_no_change_of_the_plan(tmp_path: Path) -> None:
    before = the_plan(tmp_path, {"tekst": "Uitvoerder: Kees Bos, 06-12345678"}, plan=TEXT)
    assert the_plan(tmp_path, {"tekst": "Uitvoerder: Anna Smit, 06-87654321"}, plan=TEXT) == before


def test_what_is_cut_off_is_masked_before_and_not_half(tmp_path: Path) -> None:
    plan = {"title": {"field": "titel", "truncate": True}}
    title = the_plan(tmp_path, {"titel": "x" * 85 + " j.jansen@alkmaar.nl"}, plan=plan).title
    assert "jansen" not in title
    assert len(title) == 100


@pytest.mark.parametrize("field", ["title", "description"])
def test_names_from_columns_of_names_are_masked_in_a_template_too(tmp_path: Path, field: str) -> None:
    plan = {field: {"template": "{titel} ({projectleider})"}}
    found = the_plan(tmp_path, {"projectleider": "Jan de Vries"}, plan=plan)
    assert getattr(found, field) == "Riool Laat ([naam weggelaten])"
    found = the_plan(tmp_path, {"projectleider": "team Oost"}, plan=plan)
    assert getattr(found, field) == "Riool Laat (team Oost)"


def test_a_note_and_the_name_of_an_attachment_are_texts_as_well(tmp_path: Path) -> None:
    plan = {
        "nuisance": [{"who": "car", "effect": "closed", "note": {"field": "tekst"}}],
        "attachments": [{"uri": "https://example.org/a", "media_type": "text/html", "name": {"field": "tekst"}}],
    }
    found = the_plan(tmp_path, {"tekst": "t.a.v. J. Jansen"}, plan=plan)
    assert (found.nuisance[0].note, found.attachments[0].name) == ("t.a.v. [naam weggelaten]",) * 2


def test_an_initiator_is_an_organisation_and_never_masked(tmp_path: Path) -> None:
    initiator = {"initiator": {"organisation": "gm0361", "name": {"field": "wie"}, "kind": "other"}}
    assert the_reasons(tmp_path, {"wie": "dhr. Jan de Vries"}, plan=initiator) == [("wie", "personal_data")]
    assert the_plan(tmp_path, {"wie": "Leeds / Wakefield"}, plan=initiator).initiator.name == "Leeds / Wakefield"


@pytest.mark.parametrize(
    ("mail", "tel"),
    [
        ("j.jansen@alkmaar.nl", ""),
        ("Jan de Vries", ""),
        ("", "06 12345678"),
        ("", "Jan, 06-12345678"),
        ("", "072 1234567 (Jan)"),
    ],
)
def test_a_person_in_a_contact_rejects_the_row_or_is_left_out(tmp_path: Path, mail: str, tel: str) -> None:
    row = {"mail": mail, "tel": tel}
    assert the_reasons(tmp_path, row, plan=CONTACT) == [("plan.contact", "personal_data")]
    assert the_plan(tmp_path, row, plan=CONTACT, privacy={"in_contact": "omit"}).contact is None
    assert the_plan(tmp_path, row, plan=CONTACT, contact_is_functional=True).contact is not None


def test_only_the_personal_line_of_a_contact_is_left_out(tmp_path: Path) -> None:
    row = {"mail": "planning@alkmaar.nl", "tel": "06 12345678"}
    contact = the_plan(tmp_path, row, plan=CONTACT, privacy={"in_contact": "omit"}).contact
    assert contact is not None
    assert (contact.mailbox, contact.phone) == ("planning@alkmaar.nl", None)


def test_a_page_that_is_a_persons_mail_address_is_refused(tmp_path: Path) -> None:
    plan = {"contact": {"url": {"field": "url"}}}
    assert the_reasons(tmp_path, {"url": "mailto:j.jansen@alkmaar.nl"}, plan=plan) == [
        ("plan.contact", "personal_data")
    ]


def test_a_number_of_a_desk_is_no_person(tmp_path: Path) -> None:
    assert the_plan(tmp_path, plan={"contact": {"phone": "Tel. 072-548 8888, balie"}}).contact is not None


def test_stated_functional_addresses_stay_in_texts_and_names_do_not(tmp_path: Path) -> None:
    found = the_plan(tmp_path, {"tekst": PERSON}, plan=TEXT, contact_is_functional=True)
    assert found.description == "Bel dhr. [naam weggelaten], 06-12345678 of j.jansen@alkmaar.nl"


def test_a_person_in_the_configuration_itself_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"plan\.description: contains what looks like a person's"):
        configured(tmp_path, {"description": "Bel dhr. De Vries"})


def test_the_reason_of_a_rejection_does_not_repeat_the_person(tmp_path: Path) -> None:
    write_csv(tmp_path / "feed.csv", [{**ROW, "tekst": PERSON}])
    (row,) = read_plans(configured(tmp_path, TEXT, privacy={"in_text": "reject"}), NOW)
    assert "Vries" not in row.rejections[0].message


def test_a_column_of_names_that_is_mapped_is_warned_about(tmp_path: Path) -> None:
    write_csv(tmp_path / "feed.csv", [{**ROW, "projectleider": "Jan de Vries"}])
    config = configured(tmp_path, {"description": {"field": "projectleider"}})
    (finding,) = [found for found in check_source(config, NOW) if found.subject == "persons"]
    assert finding.message.startswith("projectleider is called as a column of names is, and feeds plan.description")
    assert list(preview(config, NOW, 5).report.sentences()) == [
        "1 plans had something personal masked in plan.description.",
        finding.message,
    ]
