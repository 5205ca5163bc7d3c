"""The page of a report: one HTML file with everything in it, which a browser prints on A4."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files

from meekoppel_contracts.codes import Discipline, Phase
from meekoppel_hub.exports.columns import Presentation, first_day, label
from meekoppel_hub.exports.report.charts import bars, count_codes, months
from meekoppel_hub.exports.report.gather import Report, ReportOrder, gather
from meekoppel_hub.exports.report.lists import (
    changes_list,
    freshness_list,
    late_list,
    pairs_list,
    periods_of,
    rests_list,
    terms_list,
    timeline_of,
)
from meekoppel_hub.exports.report.map import Mark, draw_map
from meekoppel_hub.reading.sight import WholeSight

MEDIA_TYPE = "text/html; charset=utf-8"
_LISTED = 12
_MONTHS = 24
_BARS = 12


def export_report(asked: ReportOrder) -> Iterator[bytes]:
    """Write the report of an area, piece by piece.

    Args:
        asked: of which area, for whom, since when.

    Raises:
        TransientError: when the database is away.
    """
    report = gather(asked)
    asked.order.told(len(report.plans))
    yield from (part.encode() for part in _parts(asked, report))


def _parts(asked: ReportOrder, report: Report) -> Iterator[str]:
    shown, word = asked.order.presentation, asked.order.presentation.word
    chances, serious = _numbered(report.chances, 1), _numbered(report.serious, 1 + len(report.chances[:_LISTED]))
    yield _head(asked)
    yield _figures(asked, report)
    yield _section(word("Kaart", "Map"), draw_map(asked.area, report.plans, report.rests, [*chances, *serious], shown))
    yield _section(
        word("Beste meekoppelkansen", "Best opportunities to combine works"),
        pairs_list(chances, len(report.chances), shown),
    )
    yield _section(
        word("Zware conflicten en strijd met graafrust", "Heavy conflicts and breaches of moratoria"),
        pairs_list(serious, len(report.serious), shown),
    )
    yield _section(word("Wanneer", "When"), timeline_of([*chances, *serious], asked.order))
    if asked.since is not None:
        since = first_day(asked.since, shown.zone).isoformat()
        yield _section(
            f"{word('Veranderd sinds', 'Changed since')} {since}", changes_list(report, asked.order, most=_LISTED)
        )
    yield _section(word("Graafrust", "Rest of the ground"), rests_list(report.rests, shown))
    yield _section(word("Termijnen die voorbij zijn", "Deadlines that have passed"), late_list(report, shown, _LISTED))
    if report.coming:
        yield _section(word("Termijnen die komen", "Deadlines ahead"), terms_list(report.coming, shown, _LISTED))
    yield _section(word("Het gebied in cijfers", "The area in figures"), _counts(report, asked))
    yield _section(word("Hoe vers de gegevens zijn", "How fresh the data are"), freshness_list(report.freshness, shown))
    yield _section(word("Over dit rapport", "About this report"), _about(asked, report))
    yield "</main></body></html>\n"


def _numbered(pairs: Sequence[WholeSight], first: int) -> list[Mark]:
    return [Mark(str(number), pair) for number, pair in enumerate(pairs[:_LISTED], first)]


def _head(asked: ReportOrder) -> str:
    shown, word = asked.order.presentation, asked.order.presentation.word
    title = f"{word('Afstemming van werken', 'Coordination of works')}: {escape(asked.name)}"
    style = (files("meekoppel_hub.exports.report") / "report.css").read_text(encoding="utf-8")
    day = first_day(asked.order.now, shown.zone)
    since = f" · {word('veranderd sinds', 'changes since')} {first_day(asked.since, shown.zone)}" if asked.since else ""
    return (
        f'<!doctype html>\n<html lang="{shown.language}"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{style}</style></head>'
        f"<body><main><header><h1>{title}</h1><p>{word('Stand van', 'As of')} {day}{since} · "
        f"{escape(_whom(asked))}</p></header>"
    )


def _whom(asked: ReportOrder) -> str:
    viewer, word = asked.order.viewer, asked.order.presentation.word
    if viewer.operator:
        return word("vertrouwelijk: met besloten plannen", "confidential: with restricted plans")
    if viewer.organisation is None:
        return word("openbare plannen", "public plans")
    return f"{word('voor', 'for')} {viewer.organisation}: {word('niet voor verspreiding', 'not to be passed on')}"


def _figures(asked: ReportOrder, report: Report) -> str:
    word = asked.order.presentation.word
    owners = len({plan.sharing.initiator for plan in report.plans})
    shown = [
        (len(report.plans), word("plannen", "plans")),
        (owners, word("organisaties", "organisations")),
        (len(report.chances), word("meekoppelkansen", "opportunities")),
        (len(report.serious), word("zware conflicten", "heavy conflicts")),
        (report.light, word("lichte conflicten", "light conflicts")),
    ]
    if asked.since is not None:
        shown.append((report.new_pairs, word("nieuwe samenloop", "new overlaps")))
        shown.append((report.gone_pairs, word("opgelost", "resolved")))
    return (
        '<div class="figures">'
        + "".join(f"<div><b>{number}</b><span>{escape(name)}</span></div>" for number, name in shown)
        + "</div>"
    )


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{content}</section>"


def _counts(report: Report, asked: ReportOrder) -> str:
    shown, word = asked.order.presentation, asked.order.presentation.word
    plans = [plan.plan for plan in report.plans]
    disciplines = [one for plan in plans for one in plan["disciplines"]]
    owners = count_codes(plan["initiator"]["name"] for plan in plans)
    told = (
        (word("Per organisatie", "By organisation"), owners),
        (
            word("Per discipline", "By discipline"),
            count_codes(label(Discipline, one, shown.language) for one in disciplines),
        ),
        (word("Per fase", "By phase"), count_codes(label(Phase, plan["phase"], shown.language) for plan in plans)),
    )
    under_way = months(periods_of(report.plans, shown), first_day(asked.order.now, shown.zone), _MONTHS, shown)
    return (
        f"<h3>{word('Werken die in een maand kunnen lopen', 'Works that may be under way in a month')}</h3>{under_way}"
        + '<div class="columns">'
        + "".join(f"<div><h3>{title}</h3>{bars(counts, _BARS, shown)}</div>" for title, counts in told)
        + "</div>"
    )


def _about(asked: ReportOrder, report: Report) -> str:
    shown: Presentation = asked.order.presentation
    word = shown.word
    told = [
        word(
            "Plannen die zijn afgerond, geannuleerd of niet doorgaan staan niet op de kaart en in de cijfers.",
            "Plans that are completed, cancelled or not executed are neither on the map nor in the figures.",
        ),
        word(
            "Een lichtere balk is een periode die nog niet zeker is. De rode lijn is vandaag.",
            "A lighter bar is a period that is not certain yet. The red line is today.",
        ),
        f"{word('Coördinaten', 'Coordinates')}: EPSG:{shown.hub_crs}; {word('het noorden is boven', 'north is up')}.",
    ]
    if report.others:
        other = word("andere gevallen van samenloop staan niet in de lijsten", "other overlaps are not in the lists")
        told.append(f"{report.others} {other}.")
    if report.blind:
        blind = word(
            "keer raakt een eigen plan een plan dat niet met u gedeeld is",
            "times a plan of yours meets one that is not shared with you",
        )
        told.append(f"{report.blind} {blind}.")
    return "<ul>" + "".join(f"<li>{escape(one)}</li>" for one in told) + "</ul>"
