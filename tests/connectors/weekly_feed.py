"""The two weekly feeds of Highways England, and a synthetic twin of them.

The twin has every case of the real feeds, in known numbers: republished and really changed works, one change per
field, works that vanish before and after their end, points at 0,0, and works without an authority.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.sax.saxutils import escape

from meekoppel_connectors import templates

REAL = Path(__file__).resolve().parents[2].parent / "shared/data/uk-highways-weekly"
TEMPLATE = Path(next(iter(templates.__path__))) / "highways-england.yaml"
SECOND_WEEK = datetime(2016, 3, 7, tzinfo=UTC)

WORK = {
    "reference_number": "1535363",
    "road": "M1",
    "local_authority": "Leicestershire",
    "location": "Jct 19 - 24 (999932)",
    "start_date": "2016-03-14T08:30:00",
    "end_date": "2016-04-21T05:00:00",
    "expected_delay": "Slight (less than 10 mins)",
    "description": "Mobile hard shoulder closures",
    "traffic_management": "Mobile Lane Closure",
    "closure_type": "Planned Works",
    "centre_easting": "453356",
    "centre_northing": "303840",
    "status": "Firm",
    "published_date": "2015-08-03T13:12:19",
}
CHANGES = {
    "road": "M11",
    "local_authority": "Leicestershire / Nottinghamshire",
    "location": "Jct 19 - 25 (999932)",
    "start_date": "2016-03-14T08:31:00",
    "end_date": "2016-04-21T05:01:00",
    "expected_delay": "No Delay",
    "description": "Mobile hard shoulder closure",
    "traffic_management": "Lane Closure",
    "closure_type": "Emergency Works",
    "centre_easting": "453357",
    "centre_northing": "303841",
    "status": "Provisional",
}


@dataclass(frozen=True, slots=True)
class Expected:
    """What counting the files directly gives."""

    first_plans: int
    second_plans: int
    rejected: int
    new: int
    changed: int
    unchanged: int
    gone_before_end: int
    gone_past_end: int


COUNTED = Expected(2194, 2179, 2, 849, 393, 937, 156, 708)


def write_feed(path: Path, works: Iterable[dict[str, str]]) -> Path:
    body = "".join(
        "<ha_planned_works>"
        + "".join(f"<{name}>{escape(value)}</{name}>" for name, value in work.items())
        + "</ha_planned_works>"
        for work in works
    )
    text = f'<?xml version="1.0" encoding="ISO-8859-1"?><ha_planned_roadworks>{body}</ha_planned_roadworks>'
    path.write_bytes(text.encode("iso-8859-1"))
    return path


def real_feeds() -> tuple[Path, Path, Expected] | None:
    """Give the real files of both weeks and what was counted in them; None where they are not at hand."""
    files = (REAL / "he_roadworks_2016_02_29.xml", REAL / "he_roadworks_2016_03_07.xml")
    return (*files, COUNTED) if all(file.is_file() for file in files) else None


def connector_folder(folder: Path, feed: Path) -> Path:
    """Lay the real mapping and a feed together, and give the configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(TEMPLATE, folder / TEMPLATE.name)
    shutil.copyfile(feed, folder / "feed.xml")
    return folder / TEMPLATE.name


def synthetic_twin(folder: Path) -> tuple[Path, Path, Expected]:
    """Write two files with every case of the real ones, and give what is to be counted in them."""
    numbers = (str(number) for number in range(1_000_000, 2_000_000))

    def works(count: int, **changes: str) -> list[dict[str, str]]:
        return [{**WORK, "reference_number": next(numbers), **changes} for _ in range(count)]

    same, republished = works(40), works(10)
    changed = works(len(CHANGES))
    nowhere = works(2, centre_easting="0", centre_northing="0", local_authority="")
    before_end = works(7)
    past_end = works(
        9, start_date="2016-01-04T08:30:00", end_date=(SECOND_WEEK - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S")
    )
    first = [*same, *republished, *changed, *nowhere, *before_end, *past_end]
    second = [
        *same,
        *({**work, "published_date": "2016-03-01T00:00:00"} for work in republished),
        *({**work, field: value} for work, (field, value) in zip(changed, CHANGES.items(), strict=True)),
        *nowhere,
        *works(5, description="Café \u00a3"),
    ]
    files = (write_feed(folder / "first.xml", first), write_feed(folder / "second.xml", second))
    kept = 50 + len(CHANGES)
    return *files, Expected(kept + 16, kept + 5, 2, 5, len(CHANGES), 50, 7, 9)
