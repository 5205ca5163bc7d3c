"""`meekoppel doctor`: what was found, what is missing, how to get it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from rich.console import Console

from meekoppel_hub.platform.doctor import Finding, State, can_run, examine
from meekoppel_hub.platform.settings import HubSettings

EPILOGS = {"doctor": "Example: meekoppel doctor --json. The exit code is 1 when something essential is missing."}

_STYLES = {State.FOUND: "green", State.ATTENTION: "yellow", State.MISSING: "bold red"}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of lines.")] = False,
) -> None:
    """Look at this machine and the settings, and say what is found, what is missing and how to get it."""
    try:
        findings = examine(HubSettings())
    except ValidationError as error:
        findings = tuple(_wrong_setting(each) for each in error.errors())
    if as_json:
        typer.echo(json.dumps({"can_run": can_run(findings), "findings": [asdict(finding) for finding in findings]}))
    else:
        _show(findings)
    if not can_run(findings):
        raise typer.Exit(1)


def _wrong_setting(error: ErrorDetails) -> Finding:
    name = f"MEEKOPPEL_{error['loc'][0]}".upper()
    return Finding("settings", State.MISSING, f"{name} is {error['input']!r}, which does not do: {error['msg']}")


def _show(findings: tuple[Finding, ...]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        style = _STYLES[finding.state]
        console.print(f"[{style}]{finding.state.value:<9}[/] {finding.name}: ", end="")
        console.print(finding.detail, markup=False)
    if can_run(findings):
        console.print("The hub can run here.")
    else:
        console.print("The hub cannot run here yet: see what is missing above.")
