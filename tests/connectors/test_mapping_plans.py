from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.mapping.read import RowMapper, read_plans
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.sources.source import Description
from meekoppel_contracts.codes import Discipline, NuisanceEffect, Status
from meekoppel_contracts.plan import Plan
from tests.connectors.feeds import NOW, PLAN, ROW, configured, mapped, the_plan, the_reasons, write_csv

EVERYTHING: dict[str, Any] = {
    "description": {"template": "{titel} ({nr})"},
    "source_refs": [{"system": "KLIC", "id": {"field": "klic"}}, {"system": "Moor", "id": {"field": "moor"}}],
    "related_plans": [{"relation": "before", "plan_id": {"template": "NL.gm0361.{na}"}}],
    "mandated": [{"organisation": {"field": "aannemer", "slug": True}, "role": "contractor"}],
    "contact": {"mailbox": {"field": "mail"}, "phone": "14 072", "url": "https://example.org"},
    "disciplines": {"field": "soort", "split": "+", "codes": {"riool": ["gravity_sewer", "road"], "gas": "gas_low"}},
    "work_types": ["replace", {"field": "extra"}],
    "excavation": {
        "digs": {"field": "graven"},
        "area_m2": {"field": "m2"},
        "trench_length_m": {"field": "sleuf"},
        "depth_m": 1.5,
        "trenchless": False,
    },
    "phase": "preparation",
    "period": {
        **PLAN["period"],
        "latest_start": {"field": "van"},
        "earliest_end": {"field": "van"},
        "duration_days": {"field": "dagen"},
        "precision": "week",
        "start_confirmed": True,
        "end_confirmed": "nee",
        "can_shift_earlier_days": 7,
        "can_shift_later_days": "14",
    },
    "actual_start": {"field": "echt", "date": "%d-%m-%Y %H:%M", "time_zone": "Europe/London"},
    "actual_end": {"field": "leeg"},
    "zones": {"zone_id": {"field": "zone"}, "role": "site", "accuracy": "design", "buffer_m": {"field": "buffer"}},
    "nuisance": [
        {
            "who": "cyclist",
            "effect": {"field": "hinder", "codes": {"dicht": "closed", "geen": None}},
            "severe": True,
            "zone_id": "A",
            "starts": {"field": "van"},
            "ends": {"field": "tot"},
            "note": {"field": "hinder"},
        }
    ],
    "cooperation": {"open": True, "kinds": ["share_trench"], "answer_by": "2026-03-15"},
    "visibility": "restricted",
    "shared_with": {"organisations": {"field": "delen", "split": ","}, "collaborations": ["alkmaar-centrum"]},
    "public_from": "2026-03-20",
    "confirmed_at": {"as_of": True},
    "license": "https://creativecommons.org/licenses/by/4.0/",
    "attachments": [{"uri": {"field": "bijlage"}, "media_type": "application/pdf", "name": "Tekening"}],
}
FULL = {
    "klic": "24G01", "moor": "", "na": "17", "aannemer": "Van Gelder B.V.", "mail": "planning@alkmaar.nl",
    "soort": "riool+gas", "extra": "maintain", "graven": "ja", "m2": "12,5", "sleuf": "100", "dagen": "30",
    "echt": "01-04-2026 08:00", "leeg": "", "zone": "A", "buffer": "2", "hinder": "dicht", "delen": "liander, pwn",
    "bijlage": "https://example.org/t.pdf",
}  # fmt: skip


def test_every_field_of_a_plan_can_be_mapped(tmp_path: Path) -> None:
    plan = the_plan(tmp_path, FULL, plan=EVERYTHING)
    defaults = {name for name, info in Plan.model_fields.items() if getattr(plan, name) == info.default}
    assert defaults == {"actual_end"}
    assert plan.plan_id == "NL.gm0361.0041"
    assert plan.description == "Riool Laat (0041)"
    assert [(ref.system, ref.id) for ref in plan.source_refs] == [("KLIC", "24G01")]
    assert plan.related_plans[0].plan_id == "NL.gm0361.17"
    assert plan.mandated[0].organisation == "van-gelder-b-v"
    assert plan.disciplines == (Discipline.GRAVITY_SEWER, Discipline.ROAD, Discipline.GAS_LOW)
    assert plan.excavation is not None
    assert (plan.excavation.area_m2, plan.excavation.digs) == (12.5, True)
    assert (plan.period.duration_days, plan.period.end_confirmed) == (30, False)
    assert plan.actual_start == datetime(2026, 4, 1, 7, tzinfo=UTC)
    assert (plan.zones[0].zone_id, plan.zones[0].buffer_m, plan.zones[0].srid) == ("A", 2.0, 28992)
    assert plan.nuisance[0].effect is NuisanceEffect.CLOSED
    assert plan.cooperation is not None
    assert plan.cooperation.answer_by == datetime(2026, 3, 15, 22, 59, 59, tzinfo=UTC)
    assert plan.shared_with is not None
    assert plan.shared_with.organisations == ("liander", "pwn")
    assert plan.public_from == datetime(2026, 3, 19, 23, tzinfo=UTC)
    assert plan.confirmed_at == NOW


def test_without_rules_the_plan_has_one_work_zone_of_the_rows_geometry(tmp_path: Path) -> None:
    (zone,) = the_plan(tmp_path).zones
    assert (zone.zone_id, zone.role, zone.buffer_m) == ("1", "work", 0)


def test_a_zone_can_have_a_geometry_of_its_own_or_stay_away(tmp_path: Path) -> None:
    zones = [{"role": "work"}, {"role": "detour", "geometry": {"field": "omleiding"}}]
    row = {"omleiding": "LINESTRING(111500 516500, 111600 516500)"}
    assert [zone.role for zone in the_plan(tmp_path, row, plan={"zones": zones}).zones] == ["work", "detour"]
    assert [zone.role for zone in the_plan(tmp_path, {"omleiding": ""}, plan={"zones": zones}).zones] == ["work"]


def test_an_optional_part_without_a_needed_value_is_left_out(tmp_path: Path) -> None:
    row = {**FULL, "hinder": "geen", "bijlage": "", "graven": "", "aannemer": ""}
    plan = the_plan(tmp_path, row, plan=EVERYTHING)
    assert (plan.nuisance, plan.attachments, plan.excavation, plan.mandated) == ((), (), None, ())


def test_a_contact_without_any_value_is_left_out(tmp_path: Path) -> None:
    assert the_plan(tmp_path, {"mail": ""}, plan={"contact": {"mailbox": {"field": "mail"}}}).contact is None


def test_missing_reject_makes_an_optional_value_needed(tmp_path: Path) -> None:
    rule = {"description": {"field": "tekst", "missing": "reject"}}
    assert the_reasons(tmp_path, {"tekst": " "}, plan=rule) == [("tekst", "missing")]


def test_all_that_is_wrong_with_a_row_is_said_at_once(tmp_path: Path) -> None:
    assert the_reasons(tmp_path, {"titel": "", "van": "soon", "x": "0", "y": "0"}) == [
        ("titel", "missing"),
        ("van", "date_unreadable"),
        ("x, y", "coordinates_zero"),
    ]


def test_a_rejection_names_row_field_value_and_what_to_do(tmp_path: Path) -> None:
    rule = {"status": {"field": "status", "codes": {"Vast": "planned", "Concept": "concept"}}}
    rows = ({"nr": "1", "status": "Vast"}, {"nr": "2", "status": "Vaag"})
    rejection = mapped(tmp_path, *rows, plan=rule)[1].rejections[0]
    assert (rejection.row_number, rejection.field, rejection.reason) == (3, "status", "unknown_code")
    assert rejection.message.startswith("'Vaag' is not among the codes Vast, Concept; add it or set codes_default")
    assert rejection.source_id == "2"
    assert rejection.values["titel"] == "Riool Laat"


def test_codes_default_takes_every_other_code(tmp_path: Path) -> None:
    rule = {"status": {"field": "status", "codes": {"Vast": "planned"}, "codes_default": "tentative"}}
    assert the_plan(tmp_path, {"status": "Vaag"}, plan=rule).status is Status.TENTATIVE


def test_a_value_that_the_code_list_does_not_have_is_rejected_without_codes_too(tmp_path: Path) -> None:
    assert the_reasons(tmp_path, {"status": "vast"}, plan={"status": {"field": "status"}}) == [
        ("status", "unknown_code")
    ]


def test_a_default_can_be_a_value_or_another_rule(tmp_path: Path) -> None:
    rule = {
        "title": {"field": "naam", "default": {"template": "Werk {nr}"}},
        "status": {"field": "status", "default": "tentative"},
    }
    plan = the_plan(tmp_path, {"naam": "", "status": ""}, plan=rule)
    assert (plan.title, plan.status) == ("Werk 0041", Status.TENTATIVE)


def test_of_several_fields_the_first_with_a_value_counts(tmp_path: Path) -> None:
    assert the_plan(tmp_path, {"a": "", "b": "B"}, plan={"title": {"field": ["a", "b"]}}).title == "B"


def test_a_template_leaves_out_what_is_missing(tmp_path: Path) -> None:
    rule = {"title": {"template": "{straat} {huisnummer}"}}
    assert the_plan(tmp_path, {"straat": "Laat", "huisnummer": ""}, plan=rule).title == "Laat"
    assert the_reasons(tmp_path, {"straat": "", "huisnummer": ""}, plan=rule) == [("straat, huisnummer", "missing")]


def test_text_that_is_too_long_is_rejected_unless_it_may_be_cut(tmp_path: Path) -> None:
    long = {"titel": "a" * 101}
    assert the_reasons(tmp_path, long) == [("titel", "too_long")]
    cut = the_plan(tmp_path, long, plan={"title": {"field": "titel", "truncate": True}}).title
    assert (len(cut), cut[-1]) == (100, "…")


def test_the_second_row_with_an_id_is_rejected_and_both_keep_their_plan_id(tmp_path: Path) -> None:
    first, second = mapped(tmp_path, {}, {"titel": "Another"})
    assert first.plan is not None
    assert [(rejection.field, rejection.reason) for rejection in second.rejections] == [("plan.id", "duplicate_id")]
    assert first.plan_id == second.plan_id


def test_a_rejected_row_still_tells_its_plan_id(tmp_path: Path) -> None:
    (row,) = mapped(tmp_path, {"van": ""})
    assert (row.plan, row.plan_id) == (None, "NL.gm0361.0041")


@pytest.mark.parametrize(("number", "reason"), [("", "missing"), ("a b", "id_invalid"), ("x" * 151, "id_invalid")])
def test_a_row_without_a_usable_id_is_rejected_without_a_plan_id(tmp_path: Path, number: str, reason: str) -> None:
    (row,) = mapped(tmp_path, {"nr": number})
    assert row.plan_id is None
    assert [rejection.reason for rejection in row.rejections] == [reason]


def test_what_the_contract_refuses_names_the_plan_field(tmp_path: Path) -> None:
    assert the_reasons(tmp_path, {"van": "2026-05-02", "tot": "2026-04-30"}) == [("plan.period", "invalid")]


def test_two_names_never_share_an_organisation_code(tmp_path: Path) -> None:
    rule = {"initiator": {"organisation": {"field": "wie", "slug": True}, "name": {"field": "wie"}, "kind": "other"}}
    rows = [{"nr": str(n), "wie": name} for n, name in enumerate(["St Helens", "ST  HELENS", "St. Helens"])]
    results = mapped(tmp_path, *rows, plan=rule)
    assert [row.plan is not None for row in results] == [True, True, False]
    assert results[2].rejections[0].reason == "slug_collision"


@pytest.mark.parametrize("status", ["concept", "unknown"])
def test_a_concept_does_not_leave_the_organisation(tmp_path: Path, status: str) -> None:
    assert the_reasons(tmp_path, plan={"status": status}) == [("plan.status", "not_shareable")]


def test_a_column_that_is_not_there_stops_the_reading_and_names_the_likely_one(tmp_path: Path) -> None:
    write_csv(tmp_path / "feed.csv", [{**{k: v for k, v in ROW.items() if k != "titel"}, "Titels": "x"}])
    with pytest.raises(SourceError, match=r"has no field 'titel', which plan.title names; did you mean 'Titels'\?"):
        next(read_plans(configured(tmp_path), NOW))


def test_a_row_whose_cells_moved_is_rejected(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "feed.csv", [ROW])
    path.write_text(path.read_text() + "0042;Riool; vervolg;2026-04-01;2026-04-30;111500;516500\n", encoding="utf-8")
    _, moved = read_plans(configured(tmp_path), NOW)
    assert moved.rejections[0].reason == "row_unreadable"


NESTED = (
    '{"nr": "1", "titel": {"nl": "Riool", "en": "Sewer"}, "soort": ["riool", "weg"], '
    '"van": "2026-04-01", "tot": "2026-05-01"}'
)


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"title": {"field": "titel"}}, "value_unreadable"),
        ({"title": {"template": "{titel}!"}}, "value_unreadable"),
        ({"title": {"field": "soort"}}, "value_unreadable"),
        ({"title": {"field": "titel.nl"}}, "missing"),
    ],
)
def test_a_value_that_holds_fields_or_several_values_is_refused_where_one_is_wanted(
    tmp_path: Path, rule: dict[str, Any], reason: str
) -> None:
    config = configured(
        tmp_path, {**rule, "disciplines": {"field": "soort", "codes": {"riool": "gravity_sewer", "weg": "road"}}}
    )
    row = SourceRow({**json.loads(NESTED), "x": 111500, "y": 516500}, number=1)
    (mapped_row,) = RowMapper(config, Description((), fixed=False), NOW).mapped([row])
    assert [rejection.reason for rejection in mapped_row.rejections] == [reason]


@pytest.mark.parametrize("control", ["\0", "\x1b", "\x0b", "\x92", "\u202e"])
def test_characters_that_are_not_seen_and_that_databases_refuse_become_a_space(tmp_path: Path, control: str) -> None:
    assert the_plan(tmp_path, {"titel": f"Riool{control}Laat"}).title == "Riool Laat"
