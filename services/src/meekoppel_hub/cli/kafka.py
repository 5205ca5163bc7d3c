"""`meekoppel kafka`: a local Kafka without the rest of the hub."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.kafka import LocalKafka, start_kafka
from meekoppel_hub.platform.kafka.cluster import DEFAULT_HEAP_MIB
from meekoppel_hub.platform.kafka.jar_list import kafka_version
from meekoppel_hub.platform.kafka.jars import has_jars, jar_folder, prepare_jars
from meekoppel_hub.platform.kafka.java import find_java
from meekoppel_hub.platform.settings import HubSettings

app = typer.Typer(help="Local Kafka.", no_args_is_help=True)

_LOOK_SECONDS = 0.5


@app.callback()
def group() -> None:
    """Local Kafka, without the rest of the hub."""


@app.command(epilog="Example: meekoppel kafka up --brokers 3 --port 9092 --data-folder /var/lib/meekoppel")
def up(
    brokers: Annotated[
        int | None, typer.Option(min=1, max=9, help="How many brokers; default: as the data folder was made, else 1.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65527, help="Port of the first broker, the others following; default: free."),
    ] = None,
    data_folder: Annotated[
        Path | None, typer.Option(help="Where history is kept; default: MEEKOPPEL_DATA_FOLDER, else .meekoppel.")
    ] = None,
    heap: Annotated[int, typer.Option(min=128, help="Largest heap of each broker, in MiB.")] = DEFAULT_HEAP_MIB,
) -> None:
    """Run Kafka until Ctrl-C; what was published is kept for the next time."""
    to_user = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    # A service manager's stop ends us as Ctrl-C does; so does an interrupt, which a shell lets background jobs ignore.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    folder = data_folder or HubSettings.read().data_folder
    try:
        with start_kafka(folder, brokers=brokers, port=port, heap_mib=heap, progress=to_user.print) as kafka:
            typer.echo(f"MEEKOPPEL_KAFKA_BOOTSTRAP={kafka.bootstrap}")
            to_user.print(f"Kafka runs on {kafka.bootstrap} with its data in {folder.absolute()}; Ctrl-C ends it.")
            _watch(kafka)
    except KeyboardInterrupt:
        to_user.print("Kafka has ended.")


@app.command(epilog="Example: meekoppel kafka fetch, on a machine that will later have no network")
def fetch() -> None:
    """Fetch Kafka's jars into the cache, so that no later start needs the network."""
    to_user = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    if HubSettings.read().kafka_bootstrap:
        to_user.print("MEEKOPPEL_KAFKA_BOOTSTRAP names a cluster: no Kafka is needed here.")
        return
    java = find_java()
    if not has_jars():
        prepare_jars(to_user.print)
    to_user.print(f"Kafka {kafka_version()} is in {jar_folder()}; Java {java.version} (from {java.origin}) runs it.")


def _watch(kafka: LocalKafka) -> None:
    while kafka.is_running:
        time.sleep(_LOOK_SECONDS)
    raise SettingsError(f"a Kafka broker ended by itself: {kafka.complaint()}")
