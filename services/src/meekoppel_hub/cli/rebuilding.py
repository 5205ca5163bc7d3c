"""`meekoppel view`: make the view again from the log, go back, see how it stands; beside `at`, which looks into it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from meekoppel_contracts.topics import hub_topics
from meekoppel_hub.cli.view_at import app
from meekoppel_hub.coordination.rebuilding.back import drop_previous, go_back
from meekoppel_hub.coordination.rebuilding.compare import Comparison
from meekoppel_hub.coordination.rebuilding.progress import Progress, Step
from meekoppel_hub.coordination.rebuilding.rebuild import Rebuild, Report
from meekoppel_hub.coordination.rebuilding.status import ViewStatus, view_status
from meekoppel_hub.coordination.rebuilding.working import PEAKS_MB, peak_memory_mb
from meekoppel_hub.intake.restoring import restore_numbering
from meekoppel_hub.platform.clock import utc_now
from meekoppel_hub.platform.data_folder import open_data_folder
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.create import open_view
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.kafka import ensure_topics, start_kafka
from meekoppel_hub.platform.logs import set_up_logs
from meekoppel_hub.platform.running import find_running
from meekoppel_hub.platform.settings import HubSettings

EXAMPLES = """
Examples:

  meekoppel view rebuild --dry-run            compare the view with the log, change nothing

  meekoppel view rebuild                      make it again, and put it in the place of the live one

  meekoppel view rebuild --json > report.json

While it runs the hub can go on. Nothing of the live view is touched before the last step, which is one transaction;
`meekoppel view back` undoes it, until `meekoppel view drop-previous`.
"""
_SHOWN = 10
_RESTORED = (
    "The database had lost intake's numbering too: that of {:,} plans goes on from the log, and {:,} inboxes are read "
    "on behind what the log names ({:,} records). Not in the log, and so not restored: registrations and tokens of "
    "organisations, subscriptions, what was still to be delivered, and what each organisation sent in figures."
)
_WORDS = {
    "read": "reading the log",
    "index": "building indexes",
    "newest": "decoding the newest versions",
    "told": "reading what was told of pairs",
    "match": "matching all pairs",
    "compare": "comparing with the live view",
    "swap": "catching up and swapping",
}

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output; progress goes on stderr.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only compare: the live view stays as it is.")]
DifferencesFile = Annotated[
    Path | None,
    typer.Option(
        "--differences",
        help="Where all differences are written, one JSON line each. [default: in the data folder, when there are any]",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do it; without this, only say what would be done.")]


@app.command(epilog=EXAMPLES)
def rebuild(dry_run: DryRun = False, as_json: AsJson = False, differences: DifferencesFile = None) -> None:
    """Make the view again from the log beside the live one, compare the two, and swap.

    Also for a database that was lost, and for one whose tables an older version made.
    """
    set_up_logs(logging.WARNING)
    settings = HubSettings.read()
    with _hub(settings) as (database, bootstrap):
        progress = Progress(_say)
        report = Rebuild(database, bootstrap, settings.crs, progress).run(dry_run=dry_run)
        restored = None if dry_run else restore_numbering(database, bootstrap, utc_now())
    file = _write_differences(report.comparison, differences, settings)
    if as_json:
        typer.echo(json.dumps(_as_json(report, file) | {"intake": restored and asdict(restored)}, indent=2))
    else:
        _tell(report, file)
        if restored is not None:
            typer.echo(_RESTORED.format(restored.plans, restored.inboxes, restored.to_read))


@app.command(epilog="Example: meekoppel view status --json")
def status(as_json: AsJson = False) -> None:
    """Say which tables are live, how far they are, and which are left from before."""
    settings = HubSettings.read()
    database = open_view(settings, any_scheme=True)
    found = view_status(database, settings.crs)
    database.close()
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=2))
    else:
        _tell_status(found)


@app.command(epilog="Example: meekoppel view back --yes")
def back(yes: Yes = False) -> None:
    """Put the previous tables in the place of the live ones, caught up with the log; it can be undone the same way."""
    settings = HubSettings.read()
    set_up_logs(logging.WARNING)
    if not yes:
        database = open_view(settings, any_scheme=True)
        found = view_status(database, settings.crs)
        _tell_status(found)
        if found.previous is None:
            raise SettingsError("there are no previous tables to go back to; a rebuild leaves them")
        typer.echo("The previous tables would become the live ones. Nothing was done. Add --yes to do it.")
        return
    with _hub(settings) as (database, bootstrap):
        adopted = go_back(database, bootstrap, settings.crs)
    typer.echo(
        f"The previous tables are live, as generation {adopted.generation}: {adopted.caught_up} records were folded "
        f"since, {adopted.announced} overlap events are told. Those that were live are the previous ones now."
    )


@app.command("drop-previous", epilog="Example: meekoppel view drop-previous --yes")
def drop(yes: Yes = False) -> None:
    """Take the previous tables away: there is no way back then."""
    settings = HubSettings.read()
    database = open_view(settings, any_scheme=True)
    if yes:
        dropped = drop_previous(database, settings.crs)
        typer.echo("The previous tables are gone." if dropped else "There are no previous tables.")
    else:
        found = view_status(database, settings.crs)
        _tell_status(found)
        if found.previous is None:
            typer.echo("There are no previous tables.")
        else:
            typer.echo("The previous tables would be taken away. Nothing was done. Add --yes to do it.")
    database.close()


@contextmanager
def _hub(settings: HubSettings) -> Iterator[tuple[Database, str]]:
    """Open the hub's database and its Kafka: the given one, that of the hub that runs, or one that is started here."""
    database = open_view(settings, any_scheme=True)
    try:
        running = None if settings.kafka_bootstrap else find_running(settings.data_folder)
        if settings.kafka_bootstrap or running is not None:
            bootstrap = settings.kafka_bootstrap or (running.bootstrap if running else "")
            asyncio.run(ensure_topics(bootstrap, hub_topics(settings.partitions)))
            yield database, bootstrap
            return
        with open_data_folder(settings.data_folder) as folder, start_kafka(folder, progress=_echo) as kafka:
            asyncio.run(ensure_topics(kafka.bootstrap, hub_topics(settings.partitions)))
            yield database, kafka.bootstrap
    finally:
        database.close()


def _echo(line: str) -> None:
    typer.echo(line, err=True)


def _say(step: Step) -> None:
    of = f" of {step.total:,}" if step.total else ""
    done = f": {step.done:,}{of} {step.unit}, {step.rate:,.0f} a second" if step.done else ""
    left = "" if step.left_seconds is None else f"; about {step.left_seconds:,.0f} s left in all"
    typer.echo(f"{datetime.now(UTC):%H:%M:%S} {_WORDS[step.phase]}{done} ({step.seconds:.1f} s){left}", err=True)


def _write_differences(comparison: Comparison, file: Path | None, settings: HubSettings) -> Path | None:
    if not comparison.differences:
        return None
    path = file or settings.data_folder / f"view-differences-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(asdict(one)) for one in comparison.differences)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path.absolute()


def _as_json(report: Report, file: Path | None) -> dict[str, Any]:
    comparison = report.comparison
    seconds = sum(report.seconds.values())
    return {
        "events": report.events,
        "versions": report.versions,
        "plans": report.plans,
        "overlaps": report.overlaps,
        "decoded": report.decoded,
        "set_aside": [
            {"place": f"{one.record.source.lane}/{one.record.offset}", "reason": one.reason, "detail": one.detail}
            for one in report.set_aside
        ],
        "compared": {
            "plans": comparison.plans,
            "overlaps": comparison.overlaps,
            "changed_meanwhile": comparison.meanwhile,
            "differences": len(comparison.differences),
            "first": [asdict(one) for one in comparison.differences[:_SHOWN]],
            "file": None if file is None else str(file),
        },
        "to_tell": report.to_tell,
        "swapped": None if report.adopted is None else asdict(report.adopted),
        "seconds": report.seconds | {"all": round(seconds, 2)},
        "events_per_second": round(report.events / seconds) if seconds else 0,
        "peak_memory_mb": round(peak_memory_mb() + sum(PEAKS_MB[-2:])),
    }


def _tell(report: Report, file: Path | None) -> None:
    seconds = sum(report.seconds.values())
    comparison = report.comparison
    typer.echo(
        f"{report.events:,} events, {report.versions:,} versions of {report.plans:,} plans, {report.overlaps:,} pairs "
        f"that meet, in {seconds:.1f} s ({report.events / seconds:,.0f} events a second)."
    )
    if comparison.differences:
        typer.secho(f"The live view differs in {len(comparison.differences):,} places:", fg=typer.colors.YELLOW)
        for one in comparison.differences[:_SHOWN]:
            typer.echo(f"  {one.of} {one.id}: {one.problem}")
        typer.echo(f"  all of them: {file}")
    else:
        typer.echo(f"The live view ({comparison.plans:,} plans, {comparison.overlaps:,} pairs) says what the log says.")
    if comparison.meanwhile:
        typer.echo(f"{comparison.meanwhile:,} plans changed meanwhile and were not compared.")
    for aside in report.set_aside[:_SHOWN]:
        typer.echo(f"set aside: {aside.record.source.lane}/{aside.record.offset}: {aside.reason}: {aside.detail}")
    _tell_swap(report)


def _tell_swap(report: Report) -> None:
    if report.adopted is None:
        typer.echo(
            f"Nothing was changed. Without --dry-run the new tables take the place of the live ones, and news of "
            f"{report.to_tell:,} pairs is told."
        )
        return
    typer.echo(
        f"The new tables are live, as generation {report.adopted.generation}; {report.adopted.caught_up:,} records "
        f"were folded meanwhile; {report.adopted.announced:,} overlap events are told. "
        "The way back: meekoppel view back --yes"
    )


def _tell_status(found: ViewStatus) -> None:
    typer.echo(
        f"live: generation {found.generation}, scheme {found.scheme}, {found.plans:,} plans, {found.versions:,} "
        f"versions, {found.overlaps:,} pairs that meet"
    )
    if found.previous is None:
        typer.echo("previous: none")
    else:
        typer.echo(
            f"previous: generation {found.previous['generation']}, scheme {found.previous['scheme']}, live until "
            f"{found.previous['swapped_at']}"
        )
    if found.unfinished:
        typer.echo("there are tables that are being made, or were when a rebuild was interrupted")
