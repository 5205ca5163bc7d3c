from __future__ import annotations

import pytest

from meekoppel_contracts.codes import OrganisationKind
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.organisations import register_organisation
from tests.services.api.view_filling import ViewFilling, plan
from tests.services.consultation.desk import A_PLAN, B_PLAN, BEGIN, ORGANISATIONS, Hub, cooperation, overlap


@pytest.fixture
def hub(database: Database) -> Hub:
    for code in ORGANISATIONS:
        register_organisation(database, code, f"Name of {code}", OrganisationKind.MUNICIPALITY)
    return Hub(database)


@pytest.fixture
def met(hub: Hub) -> Hub:
    """A hub in which the two plans meet."""
    hub.take(hub.tell(overlap()))
    return hub


@pytest.fixture
def view(hub: Hub) -> ViewFilling:
    """The plans that the hub knows: one of org-a, one of org-b."""
    filling = ViewFilling(hub.database, BEGIN)
    filling.put(plan(A_PLAN))
    filling.put(plan(B_PLAN))
    return filling


@pytest.fixture
def proposed(met: Hub, view: ViewFilling) -> Hub:
    """A hub in which org-a proposed to org-b to cooperate."""
    met.ask(cooperation())
    return met
