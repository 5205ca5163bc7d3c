"""A real SFTP server in a thread, on a folder: asyncssh's own, with a user and a key of the test."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncssh

USER = "planner"
PASSWORD = "geheim-van-de-test"


@dataclass(frozen=True)
class Served:
    """Where the server listens, its key, and the private key that it lets in."""

    port: int
    host_key: asyncssh.SSHKey
    client_key: asyncssh.SSHKey

    def address(self, path: str) -> str:
        return f"sftp://{USER}@127.0.0.1:{self.port}{path}"

    @property
    def fingerprint(self) -> str:
        return self.host_key.get_fingerprint("sha256")

    def known_hosts(self, file: Path) -> Path:
        file.write_text(f"[127.0.0.1]:{self.port} {self.host_key.export_public_key().decode()}")
        return file


class _Door(asyncssh.SSHServer):
    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (USER, PASSWORD)


@contextmanager
def sftp_server(folder: Path) -> Iterator[Served]:
    """Serve a folder as the root of an SFTP server on a free port of 127.0.0.1."""
    host_key, client_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def begin() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=_Door,
            server_host_keys=[host_key],
            authorized_client_keys=asyncssh.import_authorized_keys(client_key.export_public_key().decode()),
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(folder).encode()),
        )

    async def end() -> None:
        server.close()
        await server.wait_closed()

    server = asyncio.run_coroutine_threadsafe(begin(), loop).result(timeout=20)
    try:
        yield Served(server.get_port(), host_key, client_key)
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result(timeout=20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
