from __future__ import annotations

import pytest

from meekoppel_contracts.codes import OrganisationKind
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.organisations import register_organisation
from tests.services.consultation.desk import ORGANISATIONS, Hub, overlap


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
