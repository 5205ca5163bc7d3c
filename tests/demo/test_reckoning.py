from __future__ import annotations

from dataclasses import replace

import pytest

from meekoppel_hub.demo.receiver import Receiver
from meekoppel_hub.demo.reckoning import LogContents, TableContents, compare

PUBLISHED = 7
LOG = LogContents(plan_events=5, made_by_intake=1, last_versions={"a": 3, "b": 2}, overlap_events={"o/1"})
TABLES = TableContents(
    versions={"a": 3, "b": 2},
    overlaps=1,
    dropped=2,
    rejected=1,
    told={"o/1": 2, "a/1": 1},
    notifications=3,
    delivered=3,
)


def receiver(**changes):
    return Receiver(**{"ids": {"m1", "m2", "m3"}, **changes})


def lost(published=PUBLISHED, log=LOG, tables=TABLES, received=None):
    return sum(difference for difference, _ in compare(published, log, tables, received or receiver()))


def test_nothing_is_lost_when_all_stages_agree():
    assert lost() == 0


@pytest.mark.parametrize(
    ("changed", "by"),
    [
        ({"published": 9}, 2),
        ({"log": replace(LOG, unreadable=1)}, 1),
        ({"log": replace(LOG, last_versions={"a": 3, "b": 3})}, 1),
        ({"log": replace(LOG, last_versions={"a": 3, "b": 2, "c": 1})}, 1),
        ({"log": replace(LOG, overlap_events={"o/1", "o/2"})}, 2),
        ({"tables": replace(TABLES, versions={"a": 3, "b": 2, "ghost": 1})}, 1),
        ({"tables": replace(TABLES, told={"o/1": 1})}, 1),
        ({"tables": replace(TABLES, told={"o/1": 3})}, 1),
        ({"tables": replace(TABLES, notifications=5)}, 2),
        ({"received": receiver(ids={"m1"})}, 2),
        ({"received": receiver(refused=4)}, 4),
    ],
)
def test_every_difference_between_two_stages_counts_as_lost(changed, by):
    assert lost(**changed) == by
