"""Every set of real data, the whole way that a newcomer goes: `init`, `preview`, `run`, into a running hub.

`python -m tests.trials.all_sources --data ../shared/data --json` prints
`{"sets": [{"name": …, "read": n, "published": n, "rejected": n, "reasons": {…}}]}`. Each file is a set, and gets a
connector and an organisation of its own. A hub has one CRS and one name space, so there is one hub for each pair that
`init` wrote: a hub per country.

- `read`: the rows that the source gave.
- `published`: those of them whose plan stands in the log of the hub.
- `rejected`: the others, refused by the connector or by the hub's intake; `reasons` counts each by its first reason,
  with `hub:` before those of intake.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from meekoppel_connectors.config import ConnectorConfig, KafkaConfig, load_config
from meekoppel_connectors.errors import ConnectorError, SourceError
from meekoppel_connectors.guessing.initial import first_configuration
from meekoppel_connectors.guessing.proposal import Wishes
from meekoppel_connectors.mapping.row import Rejection
from meekoppel_connectors.mapping.values import slug_of
from meekoppel_connectors.preview import Preview, preview
from meekoppel_connectors.run import run_once
from meekoppel_contracts import topics
from meekoppel_contracts.codec import decode_plan_event, decode_plan_rejection
from meekoppel_contracts.codes import OrganisationKind
from meekoppel_contracts.ids import OrgCode
from meekoppel_hub.hub import Hub, running_hub
from meekoppel_hub.platform.errors import HubError
from meekoppel_hub.platform.kafka import ensure_topics
from meekoppel_hub.platform.logs import set_up_logs
from meekoppel_hub.platform.organisations import register_organisation
from meekoppel_hub.platform.settings import HubSettings
from meekoppel_hub.platform.stream.read import read_log
from tests.passing import passing_folder

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
SETTLE_SECONDS = 120
ALL_PLANS = 10**9

# What a person has to change in what `init` wrote: (what stands there, what is to stand there, why).
EDITS: dict[str, list[tuple[str, str, str]]] = {}


class TrialError(Exception):
    """The trial cannot be done, or its figures do not add up; the message says which."""


@dataclass(frozen=True)
class SetResult:
    """The figures of one set; `read` = `published` + `rejected`.

    Attributes:
        refused: why the file as a whole was refused, as no row could be read.
    """

    name: str
    read: int
    published: int
    rejected: int
    reasons: dict[str, int]
    refused: str | None = None


@dataclass
class Passage:
    """One set on its way.

    Attributes:
        name: folder and file.
        config: as `init` wrote it, with the edits.
        template: the ready mapping that it was made from, if any.
        previewed: what `preview` showed.
    """

    name: str
    config: ConnectorConfig
    template: str | None
    previewed: Preview
    hub: tuple[int, str] = field(init=False)

    def __post_init__(self) -> None:
        self.hub = (self.config.hub_crs, self.config.namespace)


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def files_of(data: Path) -> list[Path]:
    """The files of all sets, in a fixed order."""
    return sorted(path for path in data.glob("*/*") if path.is_file())


def name_of(file: Path, data: Path) -> str:
    return file.relative_to(data).as_posix()


def begin(file: Path, data: Path, folder: Path) -> Passage:
    """`init`, the edits, `preview`."""
    name = name_of(file, data)
    organisation = slug_of(name)
    workplace = folder / organisation
    workplace.mkdir()
    first = first_configuration(str(file), workplace, Wishes(organisation=organisation))
    text = first.text
    for before, after, _ in EDITS.get(name, []):
        if before not in text:
            raise TrialError(f"{name}: the edit of {before!r} no longer fits what init writes")
        text = text.replace(before, after)
    path = workplace / "plans.yaml"
    path.write_text(text, encoding="utf-8")
    config = load_config(path)
    previewed = preview(config, datetime.now(UTC), ALL_PLANS)
    return Passage(name, config, first.template.name if first.template else None, previewed)


async def pass_through(hub: Hub, passages: Iterable[Passage]) -> list[SetResult]:
    """`run` every connector, wait until the hub has handled all, and count."""
    summaries = {}
    for passage in passages:
        organisation = passage.config.organisation
        register_organisation(hub.database, organisation, passage.name, OrganisationKind.OTHER, may_publish_for=["*"])
        await ensure_topics(hub.bootstrap, topics.organisation_topics(organisation, hub.settings.partitions))
        config = passage.config.model_copy(update={"kafka": KafkaConfig(bootstrap=hub.bootstrap)})
        summaries[passage.name] = await asyncio.to_thread(run_once, config)
    await hub.settle(SETTLE_SECONDS)
    logged = await plans_in_the_log(hub)
    results = []
    for passage in passages:
        result = await counted(hub, passage, logged)
        summary = summaries[passage.name]
        if (summary.read, passage.previewed.rejected) != (result.read, summary.rejected):
            raise TrialError(f"{passage.name}: preview and run disagree: {passage.previewed.rejected} and {summary}")
        results.append(result)
    return results


async def plans_in_the_log(hub: Hub) -> set[str]:
    names = [topics.PLANS, topics.PLANS_RESTRICTED]
    return {decode_plan_event(record.value or b"").plan.plan_id async for record in read_log(hub.bootstrap, names)}


async def counted(hub: Hub, passage: Passage, logged: set[str]) -> SetResult:
    """Account for every row of a set."""
    refused = await refused_by_the_hub(hub, passage.config.organisation)
    reasons = Counter(first_reasons(passage.previewed.rejections))
    published = 0
    for _, plan in passage.previewed.shown:
        if plan.plan_id in logged:
            published += 1
        elif plan.plan_id in refused:
            reasons[f"hub:{refused[plan.plan_id]}"] += 1
        else:
            raise TrialError(f"{passage.name}: {plan.plan_id} is neither in the log nor rejected")
    result = SetResult(passage.name, passage.previewed.rows, published, reasons.total(), dict(sorted(reasons.items())))
    if result.read != result.published + result.rejected:
        raise TrialError(f"the rows do not add up: {result}")
    return result


def first_reasons(rejections: Iterable[Rejection]) -> list[str]:
    """The first reason of each rejected row."""
    return [next(reasons).reason for _, reasons in groupby(rejections, key=lambda each: each.row_number)]


async def refused_by_the_hub(hub: Hub, organisation: OrgCode) -> dict[str, str]:
    """The plans that intake refused, and why."""
    found = {}
    async for record in read_log(hub.bootstrap, [topics.rejections(organisation)]):
        rejection = decode_plan_rejection(record.value or b"")
        found[rejection.plan_id or ""] = rejection.reason.value
    return found


async def run_trial(data: Path, folder: Path) -> list[SetResult]:
    """Take all sets through, hub after hub."""
    results: list[SetResult] = []
    passages = []
    for file in files_of(data):
        try:
            passages.append(begin(file, data, folder))
        except SourceError as error:
            results.append(SetResult(name_of(file, data), 0, 0, 0, {}, refused=error.problem))
    for number, (key, group) in enumerate(groupby(sorted(passages, key=lambda each: each.hub), lambda each: each.hub)):
        crs, namespace = key
        sets = list(group)
        say(f"a hub for EPSG:{crs} and name space {namespace}: {len(sets)} sets")
        settings = HubSettings(
            data_folder=folder / f"hub-{number}",
            database_url="",
            kafka_bootstrap="",
            kafka_port=0,
            namespace=namespace,
            crs=crs,
            api_port=0,
        )
        async with running_hub(settings, services=("intake", "coordination")) as hub:
            results += await pass_through(hub, sets)
    return sorted(results, key=lambda each: each.name)


def table(results: Iterable[SetResult]) -> str:
    """The table of docs/connectors.md."""
    lines = ["| set | read | published | rejected | reasons |", "|---|---|---|---|---|"]
    for each in results:
        reasons = ", ".join(f"{count} `{reason}`" for reason, count in each.reasons.items())
        why = f"refused: {each.refused}" if each.refused else reasons
        lines.append(f"| {each.name} | {each.read} | {each.published} | {each.rejected} | {why} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="folder with a folder for each kind of set")
    parser.add_argument("--json", action="store_true", help="print one line of JSON instead of the table")
    arguments = parser.parse_args()
    set_up_logs(logging.ERROR)
    started = time.monotonic()
    try:
        if not arguments.data.is_dir():
            raise TrialError(f"there are no sets in {arguments.data}; name their folder with --data")
        with passing_folder() as folder:
            results = asyncio.run(run_trial(arguments.data, folder))
    except (TrialError, ConnectorError, HubError) as error:
        say(f"trial: {error}")
        return 1
    print(json.dumps({"sets": [asdict(each) for each in results]}) if arguments.json else table(results))
    say(f"{len(results)} sets in {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
