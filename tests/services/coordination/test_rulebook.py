"""Which agreements apply to which plans."""

from meekoppel_hub.coordination.agreement import national_agreement
from meekoppel_hub.coordination.rulebook import Rulebook
from meekoppel_hub.coordination.zones import zone_table

NO_ZONES = zone_table([])


def test_one_agreement_everywhere_applies_to_every_plan_with_or_without_zones():
    applied = Rulebook.national().applying(NO_ZONES, 3)
    assert [applied.combinations[place] for place in applied.of_plan] == [(0,), (0,), (0,)]


def test_a_rulebook_reaches_as_far_as_its_widest_agreement():
    wide = national_agreement().model_copy(update={"light_conflict_distance_m": 500.0})
    patient = national_agreement().opportunity.model_copy(update={"time_tolerance_days": 400})
    late = national_agreement().model_copy(update={"opportunity": patient})
    book = Rulebook((national_agreement(), wide, late))
    assert (book.reach_m, book.tolerance_days) == (500.0, 400)
