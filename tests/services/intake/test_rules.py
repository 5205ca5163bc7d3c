from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import shapely

from meekoppel_contracts.codes import OrganisationKind, RejectionReason, Status
from meekoppel_contracts.ids import OrgCode
from meekoppel_contracts.plan import Initiator, Period
from meekoppel_contracts.testing import example_plan
from meekoppel_hub.intake.outcome import Submission
from meekoppel_hub.intake.receive import receive
from meekoppel_hub.intake.rules import check_identity, check_meaning, check_text
from meekoppel_hub.platform.organisations import Organisation

ALKMAAR = OrgCode("gm0361")
START = datetime(2027, 3, 1, tzinfo=UTC)
END = datetime(2027, 6, 1, tzinfo=UTC)


def registered(*may_publish_for: str, active: bool = True) -> dict[OrgCode, Organisation]:
    organisation = Organisation(
        ALKMAAR, "Alkmaar", OrganisationKind.MUNICIPALITY, None, None, frozenset(may_publish_for), START, active
    )
    return {ALKMAAR: organisation}


@pytest.fixture
def submit(inbox, event):
    def make(plan, **changes) -> Submission:
        received = receive(inbox.send(event(plan, **changes)), 100_000, datetime(2026, 11, 23, tzinfo=UTC))
        assert isinstance(received, Submission), received
        return received

    return make


def initiator(code: str) -> Initiator:
    return Initiator(organisation=OrgCode(code), name=code, kind=OrganisationKind.OTHER)


def test_an_organisation_may_publish_its_own_plans(submit, plan) -> None:
    assert check_identity(submit(plan()), "NL", registered()) is None


def test_an_organisation_that_is_not_registered_may_not_publish(submit, plan) -> None:
    rejection = check_identity(submit(plan()), "NL", {})
    assert rejection is not None
    assert rejection.reason is RejectionReason.PUBLISHER_NOT_ALLOWED


def test_an_organisation_that_is_no_longer_active_may_not_publish(submit, plan) -> None:
    rejection = check_identity(submit(plan()), "NL", registered(active=False))
    assert rejection is not None
    assert rejection.reason is RejectionReason.PUBLISHER_NOT_ALLOWED


@pytest.mark.parametrize("key", [None, b"", b"NL.gm0361.other", b"\xff"])
def test_a_key_that_is_not_the_plan_id_is_refused(key: bytes | None, submit, plan) -> None:
    submission = submit(plan())
    wrong = replace(submission, record=replace(submission.record, key=key))
    rejection = check_identity(wrong, "NL", registered())
    assert rejection is not None
    assert rejection.reason is RejectionReason.WRONG_KEY


def test_a_plan_of_another_namespace_is_refused(submit, plan) -> None:
    rejection = check_identity(submit(plan()), "GB", registered())
    assert rejection is not None
    assert rejection.reason is RejectionReason.WRONG_NAMESPACE


def test_a_publisher_may_not_use_the_inbox_of_another(submit, plan) -> None:
    rejection = check_identity(submit(plan(), publisher=OrgCode("liander")), "NL", registered("*"))
    assert rejection is not None
    assert (rejection.reason, rejection.field) == (RejectionReason.PUBLISHER_NOT_ALLOWED, "publisher")


def test_a_plan_id_of_another_organisation_is_refused(submit, plan) -> None:
    rejection = check_identity(submit(plan(plan_id="NL.liander.1")), "NL", registered("*"))
    assert rejection is not None
    assert (rejection.reason, rejection.field) == (RejectionReason.PUBLISHER_NOT_ALLOWED, "plan.plan_id")


@pytest.mark.parametrize(("rights", "allowed"), [((), False), (("pwn",), False), (("liander",), True), (("*",), True)])
def test_plans_of_others_need_a_registration_that_names_them(rights, allowed: bool, submit, plan) -> None:
    rejection = check_identity(submit(plan(initiator=initiator("liander"))), "NL", registered(*rights))
    assert (rejection is None) is allowed
    assert rejection is None or rejection.reason is RejectionReason.INITIATOR_NOT_ALLOWED


@pytest.mark.parametrize("status", list(Status))
def test_a_plan_is_shared_from_tentative_on(status: Status, plan) -> None:
    rejection = check_meaning(plan(status=status), 28992)
    assert (rejection is not None) is (status in {Status.CONCEPT, Status.UNKNOWN})
    assert rejection is None or rejection.reason is RejectionReason.NOT_SHAREABLE


@pytest.mark.parametrize(
    "period",
    [
        Period(earliest_start=datetime(1899, 12, 31, tzinfo=UTC), latest_end=END),
        Period(earliest_start=START, latest_end=START + timedelta(days=36_526)),
        Period(earliest_start=START, latest_end=END, latest_start=END + timedelta(seconds=1)),
        Period(earliest_start=START, latest_end=END, earliest_end=START - timedelta(seconds=1)),
    ],
)
def test_a_period_that_cannot_be_meant_is_refused(period: Period, plan) -> None:
    rejection = check_meaning(plan(period=period), 28992)
    assert rejection is not None
    assert rejection.reason is RejectionReason.INVALID_PERIOD


def test_a_work_of_a_century_is_accepted(plan) -> None:
    assert (
        check_meaning(plan(period=Period(earliest_start=START, latest_end=START + timedelta(days=36_525))), 28992)
        is None
    )


def test_an_end_before_the_start_that_happened_is_refused(plan) -> None:
    rejection = check_meaning(plan(actual_start=END, actual_end=START), 28992)
    assert rejection is not None
    assert (rejection.reason, rejection.field) == (RejectionReason.INVALID_PERIOD, "plan.actual_end")


def test_a_zone_in_another_crs_is_refused(plan, zone) -> None:
    zones = (zone(shapely.Point(111_000, 516_000)), zone(shapely.Point(4.7, 52.6), srid=4326))
    rejection = check_meaning(plan(zones=zones), 28992)
    assert rejection is not None
    assert (rejection.reason, rejection.field) == (RejectionReason.WRONG_CRS, "plan.zones[1].srid")


def test_a_text_that_postgresql_cannot_keep_is_refused(plan, event) -> None:
    """It would go into the log, and fail in the view of one store only."""
    assert check_text(event(plan())) is None
    for field, bad in (("plan.title", event(plan(title="a\x00b"))), ("reason", event(plan(), reason="\x00"))):
        rejection = check_text(bad)
        assert rejection is not None
        assert (rejection.reason, rejection.field) == (RejectionReason.UNDECODABLE, field)


def test_a_buffer_that_would_meet_half_the_country_is_refused():
    plan = example_plan()
    wide = plan.model_copy(update={"zones": (plan.zones[0].model_copy(update={"buffer_m": 1e30}),)})

    found = check_meaning(wide, 28992)

    assert (found.reason, found.field) == (RejectionReason.INVALID_GEOMETRY, "plan.zones.0.buffer_m")
    assert check_meaning(plan, 28992) is None
