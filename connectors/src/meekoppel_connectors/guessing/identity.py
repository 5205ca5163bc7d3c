"""Guessing which column identifies a plan for ever: filled and different in every row, and named like one."""

from __future__ import annotations

import re

from meekoppel_connectors.guessing.dates import guess_dates
from meekoppel_connectors.guessing.guess import Confidence, Guess
from meekoppel_connectors.guessing.sample import Column, Sample
from meekoppel_connectors.guessing.words import Role, fits
from meekoppel_connectors.sources.vector.files import FEATURE_NUMBER

_LOCAL_ID = re.compile(r"[A-Za-z0-9_,.:/-]{1,150}")
_FEW = 0.02


def guess_id(sample: Sample) -> Guess[str] | None:
    """Guess the id; None when no column can be one, not even with some rows rejected."""
    scored = {name: score for name, column in sample.columns.items() if (score := _score(column)) > 0}
    ranked = sorted(scored, key=lambda name: -scored[name])
    if not ranked:
        return None
    best = sample.columns[ranked[0]]
    others = tuple(ranked[1:4])
    return Guess(best.name, *_how_sure(best, sample), others)


def _score(column: Column) -> float:
    """Weigh a column: unique counts most, then its name, then whether its values look like ids."""
    texts = column.texts
    usable = sum(_LOCAL_ID.fullmatch(text) is not None for text in texts)
    if not texts or usable < len(texts) * (1 - _FEW) or any(isinstance(value, float) for value in column.values):
        return 0.0
    named = fits(column.name, Role.ID)
    unique = len(set(texts)) / max(column.rows, 1)
    if named == 0 and (unique < 1 or column.rows < 2):
        return 0.0
    if column.name == FEATURE_NUMBER:
        return 0.3
    date = guess_dates(column)
    if date is not None and date.value.formats not in {("epoch_s",), ("epoch_ms",)}:
        return 0.0
    beside = fits(column.name, Role.BESIDE_THE_POINT)
    return 2 * unique * unique + named - beside - _depth(column.name)


def _depth(name: str) -> float:
    return 0.1 * name.count(".")


def _how_sure(column: Column, sample: Sample) -> tuple[Confidence, str]:
    if column.name == FEATURE_NUMBER:
        why = "this is the number of the feature in the file, and may change when the file is exported anew"
        return Confidence.UNSURE, why
    double = len(column.values) - len(set(column.texts))
    if not column.is_unique:
        empty = max(0, column.rows - len(column.values))
        return Confidence.UNSURE, f"{empty} rows have no value and {double} repeat one; those are rejected"
    if sample.rows < 2:
        return Confidence.LIKELY, "there is only one row to tell by"
    if fits(column.name, Role.ID) < 0.7:
        return Confidence.LIKELY, "it differs in every row; must stay the same for a plan as long as that lives"
    return Confidence.SURE, "filled and different in every row, and named like an id"
