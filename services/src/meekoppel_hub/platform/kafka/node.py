"""One node of local Kafka: its folder, its Java process, and what it last complained of."""

from __future__ import annotations

import fcntl
import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.kafka.java import Java
from meekoppel_hub.platform.kafka.properties import Address, server_properties
from meekoppel_hub.platform.processes import GuardedProcess

# How long a former process of the same node may take to end (it drains after its parent was killed).
_FORMER_SECONDS = 30.0
_GRACE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Runtime:
    """What every node runs with.

    Attributes:
        java: the Java runtime.
        jars: folder with Kafka's jars.
        heap_mib: the largest heap of each node, in MiB.
    """

    java: Java
    jars: Path
    heap_mib: int

    def command(self, logs: Path, main_class: str, *arguments: str) -> list[str]:
        """Give the command line that runs one of Kafka's programs."""
        with as_file(files("meekoppel_hub.platform.kafka") / "log4j2.properties") as logging:
            return [
                str(self.java.executable),
                f"-Xmx{self.heap_mib}m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",  # starts with 40 % less work; the long run of a large server is not ours
                "-XX:+ExitOnOutOfMemoryError",
                "-Djava.awt.headless=true",
                f"-Dlog4j2.configurationFile={logging}",
                f"-Dmeekoppel.logs={logs}",
                *(["--sun-misc-unsafe-memory-access=allow"] if self.java.version >= 24 else []),
                *(["--enable-native-access=ALL-UNNAMED"] if self.java.version >= 22 else []),
                "-cp",
                f"{self.jars}/*",
                main_class,
                *arguments,
            ]


class Node:
    """One node of local Kafka.

    Args:
        folder: where it keeps everything.
        runtime: what it runs with.
        address: where it listens.
    """

    def __init__(self, folder: Path, runtime: Runtime, address: Address) -> None:
        self.address = address
        self._folder = folder
        self._runtime = runtime
        self._process: GuardedProcess | None = None

    def start(self, cluster_id: str, nodes: Sequence[Address]) -> None:
        """Start the process, formatting the folder the first time; it answers some seconds later.

        Raises:
            SettingsError: when the folder cannot be formatted or an older process of this node does not end.
        """
        self._logs.mkdir(parents=True, exist_ok=True)
        lock = self._wait_for_former()
        try:
            data = self._folder / "data"
            self._properties.write_text(server_properties(self.address, nodes, data), encoding="utf-8")
            if not (data / "meta.properties").exists():
                self._format(cluster_id)
            command = self._runtime.command(self._logs, "kafka.Kafka", str(self._properties))
            self._process = GuardedProcess(command, log=self._output, grace_seconds=_GRACE_SECONDS, keep_open=[lock])
        finally:
            os.close(lock)  # guard and Java keep theirs: the lock lasts until both are gone

    @property
    def is_running(self) -> bool:
        """Tell whether the process runs."""
        return self._process is not None and self._process.is_running

    def ask_to_stop(self) -> None:
        """Let the process begin to end."""
        if self._process:
            self._process.ask_to_stop()

    def stop(self) -> None:
        """End the process in order and wait until it is gone."""
        if self._process:
            self._process.stop()
            self._process = None

    def kill(self) -> None:
        """End the process as a power cut would and wait until it is gone."""
        if self._process:
            self._process.kill()
            self._process = None
            os.close(self._wait_for_former())

    def complaint(self) -> str:
        """Give the last error that the process wrote, on one line."""
        try:
            lines = self._output.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return "it wrote nothing"
        said = [line.strip() for line in lines if line.strip() and not line.startswith("\t")]
        return " / ".join(said[-3:]) or f"it wrote no error; see {self._logs}"

    @property
    def found_port_taken(self) -> bool:
        """Tell whether the process ended because another program has its port."""
        return not self.is_running and "Address already in use" in self._output.read_text(errors="replace")

    @property
    def _logs(self) -> Path:
        return self._folder / "logs"

    @property
    def _output(self) -> Path:
        return self._logs / "output.log"

    @property
    def _properties(self) -> Path:
        return self._folder / "server.properties"

    def _format(self, cluster_id: str) -> None:
        command = self._runtime.command(
            self._logs, "kafka.tools.StorageTool", "format", f"--cluster-id={cluster_id}", "-c", str(self._properties)
        )
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
            raise SettingsError(f"Kafka cannot use the folder {self._folder}: {said[-1]}")

    def _wait_for_former(self) -> int:
        """Wait for an older process of this node to end; give the descriptor of the lock that says so."""
        lock = os.open(self._folder / "running.lock", os.O_RDWR | os.O_CREAT, 0o644)
        deadline = time.monotonic() + _FORMER_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() < deadline:
                    time.sleep(0.05)
                    continue
                os.close(lock)
                raise SettingsError(
                    f"another Kafka still runs on {self._folder}: stop it, or take another data folder"
                ) from None
            return lock
