"""The overview of an area for its director."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from meekoppel_contracts.areas import AreaEvent
from meekoppel_hub.api import asking_examples as examples
from meekoppel_hub.api.answers import JsonAnswer
from meekoppel_hub.api.context import Context, OrganisationViewer
from meekoppel_hub.api.errors import NotFound
from meekoppel_hub.api.paging import without_nul
from meekoppel_hub.reading.overview import area_overview
from meekoppel_hub.reading.places import area_revisions

router = APIRouter(tags=["areas, agreements, moratoria"])

AreaPath = Annotated[str, Path(description="The area's id.", examples=["NL.gm0361.gemeente"])]


@router.get("/areas/{area_id:path}/overview", summary="What goes on in an area", responses=examples.OVERVIEW)
def get_overview(context: Context, viewer: OrganisationViewer, area_id: AreaPath) -> Response:
    """Give the director's overview: plans, overlaps, assessments and deadlines missed, cooperations, moratoria.

    Counts are of what your organisation may see. Deadlines that were missed are listed, the longest first.
    """
    area_id, now = without_nul(area_id), context.clock()
    with context.database.read() as connection:
        revisions = area_revisions(connection, area_id, now)
        if not revisions:
            raise NotFound(f"there is no area {area_id}; GET /areas lists them")
        area = revisions[-1].event
        assert isinstance(area, AreaEvent)
        return JsonAnswer(area_overview(connection, viewer, area, now))
