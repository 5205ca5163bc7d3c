"""Guessing which column identifies a plan for ever: filled and different in every row, and named like one."""

from __future__ import annotations

import re

from meekoppel_connectors.guessing.dates import guess_dates
from meekoppel_connectors.guessing.guess import Confidence, Guess
from meekoppel_connectors.guessing.sample import Column, Sample
from meekoppel_connectors.guessing.words import Role, fits
from meekoppel_connectors.sources.vector.files import FEATURE_NUMBER

_LOCAL_ID = re.compile(r"[A-Za-z0-9_,.:/-]{1,150}")
_COORDINATES = (Role.X, Role.Y, Role.LATITUDE, Role.LONGITUDE)
_NAMED = 0.7
_FEW = 0.02
_FEW_IF_NAMED = 0.1  # totals and remarks below a table


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
    named = fits(column.name, Role.ID)
    unusable = _unusable(column)
    most = max(1, len(texts) * _FEW_IF_NAMED) if named >= _NAMED else len(texts) * _FEW
    if any(fits(column.name, role) == 1 for role in _COORDINATES):
        return 0.0
    if unusable == len(texts) or unusable > most or any(isinstance(value, float) for value in column.values):
        return 0.0
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


def _unusable(column: Column) -> int:
    return sum(_LOCAL_ID.fullmatch(text) is None for text in column.texts)


def _depth(name: str) -> float:
    return 0.1 * name.count(".")


def _how_sure(column: Column, sample: Sample) -> tuple[Confidence, str]:
    if column.name == FEATURE_NUMBER:
        why = "this is the number of the feature in the file, and may change when the file is exported anew"
        return Confidence.UNSURE, why
    wrong = _wrong_in_words(column)
    if wrong:
        return Confidence.UNSURE, f"of {column.rows} rows {wrong}; those are rejected"
    if sample.rows < 2:
        return Confidence.LIKELY, "there is only one row to tell by"
    if fits(column.name, Role.ID) < _NAMED:
        return Confidence.LIKELY, "it differs in every row; must stay the same for a plan as long as that lives"
    return Confidence.SURE, "filled and different in every row, and named like an id"


def _wrong_in_words(column: Column) -> str:
    """Say how many rows could not be told by this column, and why; empty when all can."""
    counts = {
        "have no value": max(0, column.rows - len(column.values)),
        "repeat one": len(column.values) - len(set(column.texts)),
        "hold what is no id, such as a remark below the table": _unusable(column),
    }
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count)
