"""The contracts that a coordination inbox takes, with what stands behind each. `handler.py` says how to add one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from meekoppel_hub.consultation.agreements import AGREEMENT_HANDLER
from meekoppel_hub.consultation.areas import AREA_HANDLER
from meekoppel_hub.consultation.assessments import ASSESSMENTS
from meekoppel_hub.consultation.cooperations import COOPERATIONS
from meekoppel_hub.consultation.handler import Handler
from meekoppel_hub.consultation.moratoria import MORATORIUM_HANDLER

HANDLERS: Final[Mapping[str, Handler]] = {
    handler.contract: handler
    for handler in (ASSESSMENTS, COOPERATIONS, AREA_HANDLER, AGREEMENT_HANDLER, MORATORIUM_HANDLER)
}
