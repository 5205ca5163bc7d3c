"""The page for planners names every setting."""

import re
from pathlib import Path

from meekoppel_hub.platform.agreements import national_agreement, parse_agreement
from meekoppel_hub.platform.agreements.reading import HEADER
from meekoppel_hub.platform.agreements.templates import TEMPLATES, template_text
from meekoppel_hub.platform.agreements.words import settings_of

PAGE = (Path(__file__).parents[4] / "docs" / "agreements.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`([a-z0-9_.<>]+)`", PAGE))
KINDS = national_agreement().severity.__class__.model_fields


def as_documented(place: str) -> str:
    parts = place.split(".")
    if parts[0] in ("moratoria", "size_classes") and len(parts) == 3:
        return f"{parts[0]}.{parts[2]}"
    if parts[0] == "layers" or parts[:2] == ["discipline_fit", "pairs"]:
        return parts[0] if parts[0] == "layers" else "discipline_fit.pairs"
    return ".".join("<kind>" if part in KINDS else part for part in parts) if parts[0] != "opportunity" else place


def test_every_setting_is_explained():
    rules = parse_agreement(template_text("city")).rules
    assert {as_documented(one.place) for one in settings_of(rules)} <= NAMED


def test_every_name_of_a_file_and_every_template_is_explained():
    assert {*HEADER, *TEMPLATES} <= NAMED
