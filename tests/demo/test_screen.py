from __future__ import annotations

from collections import Counter
from datetime import date
from io import StringIO

import pytest
from rich.console import Console

from meekoppel_contracts.ids import OrgCode
from meekoppel_hub.demo.receiver import Receiver, Told
from meekoppel_hub.demo.scene import HubCounts, Meeting, Scene
from meekoppel_hub.demo.screen import draw

MEETING = Meeting("heavy conflict", True, "Gemeente × Stedennet", "Riool Markt × Gas Markt", "Work zones share 12 m2.")


def picture(height, meetings=1, told=1):
    scene = Scene(date(2026, 3, 1), "01-03-2026", published=Counter({OrgCode("stedennet"): 4711}))
    receiver = Receiver(told=Counter({OrgCode("merwestroom"): 42}))
    receiver.latest.extend([Told(OrgCode("merwestroom"), "warning", "Heavy conflict: plan A meets plan B.")] * told)
    console = Console(record=True, width=140, file=StringIO())
    console.print(draw(scene, receiver, HubCounts(plans=1890, latest=(MEETING,) * meetings), height))
    return console.export_text()


def test_the_picture_shows_what_was_published_where_plans_meet_and_who_was_told():
    shown = picture(height=50)

    for words in ("01-03-2026", "4711", "42", "1890 plans", "Riool Markt × Gas Markt", "12 m2", "plan A meets plan B"):
        assert words in shown


@pytest.mark.parametrize("height", [24, 30, 50, 80])
def test_the_picture_fits_the_terminal_and_shows_each_part(height):
    shown = picture(height, meetings=6, told=50)

    assert len(shown.splitlines()) <= height
    assert "Riool Markt × Gas Markt" in shown
    assert "plan A meets plan B" in shown
