"""Agreements (procesafspraken): the rules of an area as data, which matching, deadlines and notifications all use."""

from __future__ import annotations

from meekoppel_hub.platform.agreements.errors import AgreementError, Problem
from meekoppel_hub.platform.agreements.process import (
    Deadlines,
    Escalation,
    MoratoriumRule,
    Role,
    SizeClass,
    ToldRules,
)
from meekoppel_hub.platform.agreements.reading import (
    AgreementFile,
    national_agreement,
    parse_agreement,
    read_agreement,
    rules_from_json,
    rules_to_json,
)
from meekoppel_hub.platform.agreements.rules import (
    Agreement,
    DisciplineFit,
    OpportunityRules,
    SeverityRules,
    Weights,
)

__all__ = [
    "Agreement",
    "AgreementError",
    "AgreementFile",
    "Deadlines",
    "DisciplineFit",
    "Escalation",
    "MoratoriumRule",
    "OpportunityRules",
    "Problem",
    "Role",
    "SeverityRules",
    "SizeClass",
    "ToldRules",
    "Weights",
    "national_agreement",
    "parse_agreement",
    "read_agreement",
    "rules_from_json",
    "rules_to_json",
]
