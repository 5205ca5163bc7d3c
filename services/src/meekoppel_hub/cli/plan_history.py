"""`meekoppel history plan`: what each version of one plan changed."""

from __future__ import annotations

from typing import Annotated

import orjson
import typer
from rich.console import Console

from meekoppel_hub.cli.export_options import Asked, Everything, For, LanguageName, LanguageOption
from meekoppel_hub.platform.clock import utc_now
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.reading.history import HistoryEntry, may_look_back, plan_history

EPILOG = "Example: meekoppel history plan NL.gemeente-rijnvoorde.W00042 --for stedennet --language nl"


def history_of_plan(
    plan_id: Annotated[str, typer.Argument(help="The plan's id.")],
    for_organisation: For = None,
    everything: Everything = False,
    language: LanguageOption = LanguageName.EN,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document a version, with values.")] = False,
) -> None:
    """Show what each version of a plan changed: who, when recorded, when it happened, why, and field by field.

    Read from the view: what anybody may see, or what an organisation may see with --for.
    """
    asked = Asked(for_organisation, everything, language, True, None, "")
    viewer, now = asked.viewer(), utc_now()
    with asked.database.read() as connection:
        shown = may_look_back(connection, viewer, plan_id, now)
        entries = list(plan_history(connection, viewer, plan_id, 0, now)) if shown else []
    if not entries:
        raise SettingsError(
            f"there is no plan {plan_id} that may be shown; --for ORGANISATION or --everything shows more plans"
        )
    if as_json:
        for entry in entries:
            typer.echo(orjson.dumps(entry.document(), option=orjson.OPT_UTC_Z).decode())
        return
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for entry in entries:
        for line in _lines(entry, language.value):
            console.print(line)


def _lines(entry: HistoryEntry, language: str) -> list[str]:
    values = entry.stored.values
    happened = f", happened {values['occurred_at']:%Y-%m-%d %H:%M}" if values["occurred_at"] else ""
    reason = f" ({values['reason']})" if values["reason"] else ""
    head = (
        f"version {values['version']}: {values['type']} by {values['publisher']}, "
        f"recorded {values['recorded_at']:%Y-%m-%d %H:%M} UTC{happened}{reason}"
    )
    return [head, *(f"    {getattr(one.words, language)}" for one in entry.differences)]
