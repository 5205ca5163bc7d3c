"""Guessing the title and the description among the columns of text."""

from __future__ import annotations

import re
from statistics import mean

from meekoppel_connectors.guessing.guess import Confidence, Guess
from meekoppel_connectors.guessing.sample import Column, Sample
from meekoppel_connectors.guessing.words import Role, fits
from meekoppel_connectors.mapping.privacy.columns import is_person_column
from meekoppel_contracts.plan import DESCRIPTION_LENGTH, TITLE_LENGTH

_LETTERS = re.compile(r"[^\W\d_]{3,}")
_ADDRESS = re.compile(r"\w+://|^\S+@\S+$")
_WORDY = 0.6
_SENTENCE = 2.0


def text_columns(sample: Sample, taken: set[str]) -> list[Column]:
    """Give the columns that hold words for people: no codes throughout, no addresses, no persons, nothing taken."""
    return [
        column
        for name, column in sample.columns.items()
        if name not in taken and _is_wordy(column) and not is_person_column(name)
    ]


def guess_title(sample: Sample, taken: set[str]) -> Guess[str] | None:
    """Guess the title; None when no column holds words."""
    scores = {column.name: _title_score(column) for column in text_columns(sample, taken)}
    ranked = sorted(scores, key=lambda name: -scores[name])
    if not ranked:
        return None
    best = sample.columns[ranked[0]]
    others = tuple(ranked[1:3])
    if fits(best.name, Role.TITLE) >= 0.7 and best.filled > 0.99:
        return Guess(best.name, Confidence.SURE, "named like a title, and filled", others)
    why = "the column that reads most like a title" if best.filled > 0.99 else "it is empty in some rows"
    return Guess(best.name, Confidence.LIKELY if best.filled > 0.99 else Confidence.UNSURE, why, others)


def guess_description(sample: Sample, taken: set[str]) -> Guess[str] | None:
    """Guess the description; None when no column reads like one."""
    columns = [
        column
        for column in text_columns(sample, taken)
        if _words(column) >= _SENTENCE
        and (fits(column.name, Role.DESCRIPTION) >= 0.4 or mean(map(len, column.texts)) > TITLE_LENGTH / 2)
    ]
    if not columns:
        return None
    best = max(columns, key=_description_score)
    sure = fits(best.name, Role.DESCRIPTION) >= 0.7
    why = "named like a description" if sure else "the longest text"
    return Guess(best.name, Confidence.SURE if sure else Confidence.LIKELY, why)


def is_cut(column: Column, limit: int) -> bool:
    """Tell whether a text of this column is longer than the plan takes."""
    return any(len(text) > limit for text in column.texts)


def _title_score(column: Column) -> float:
    texts = column.texts
    length = mean(map(len, texts))
    different = len(set(texts)) / len(texts)
    one_word = 0.8 if _words(column) < 1.2 else 0.0
    fitting = 1.0 if 8 <= length <= TITLE_LENGTH else 0.3 if length < 8 else 0.5
    beside = fits(column.name, Role.BESIDE_THE_POINT) + 0.8 * fits(column.name, Role.ORGANISATION)
    return 2 * fits(column.name, Role.TITLE) + different + fitting + 2 * column.filled - beside - one_word


def _description_score(column: Column) -> float:
    length = min(mean(map(len, column.texts)), DESCRIPTION_LENGTH)
    return 2 * fits(column.name, Role.DESCRIPTION) + column.filled + length / 200


def _words(column: Column) -> float:
    return mean(len(text.split()) for text in column.texts)


def _is_wordy(column: Column) -> bool:
    texts = column.texts
    if not texts or column.filled < 0.2 or column.name.rpartition(".")[2].startswith("@"):
        return False
    if any(_ADDRESS.search(text) for text in texts[:50]):
        return False
    return sum(_LETTERS.search(text) is not None for text in texts) >= _WORDY * len(texts)
