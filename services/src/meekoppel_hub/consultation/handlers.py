"""The contracts that a coordination inbox takes, with what stands behind each. `handler.py` says how to add one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from meekoppel_hub.consultation.assessments import ASSESSMENTS
from meekoppel_hub.consultation.handler import Handler

HANDLERS: Final[Mapping[str, Handler]] = {handler.contract: handler for handler in (ASSESSMENTS,)}
