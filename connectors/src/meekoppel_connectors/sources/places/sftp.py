"""Files on an SFTP server: listed, waited for, fetched; nothing on the server is changed.

The server is recognised by its key before anything is sent, and never by trust on first use. Neither the agent nor the
settings of the user who runs the connector play a part.
"""

from __future__ import annotations

import asyncio
from pathlib import Path, PurePosixPath
from typing import Any

from meekoppel_connectors.errors import SourceAway, SourceError
from meekoppel_connectors.secrets import read_secret
from meekoppel_connectors.sources.places.choosing import choose_files
from meekoppel_connectors.sources.places.location import SftpAddress, SftpSettings, fits, is_pattern
from meekoppel_connectors.sources.places.settling import LOOK_AGAIN_SECONDS, FileVersion, Settling
from meekoppel_connectors.sources.settings import FileSettings

try:
    import asyncssh
except ImportError as error:
    raise SourceError("sftp", "needs one more part: pip install 'meekoppel-connectors[sftp]'") from error

CONNECT_SECONDS = 10
LOGIN_SECONDS = 30
KEEPALIVE_SECONDS = 15
FETCH_WITHIN_SECONDS = 3600
CLOCKS_DIFFER_SECONDS = 300


def fetch_by_sftp(settings: FileSettings, folder: Path) -> list[tuple[Path, str]]:
    """Fetch the files of an SFTP address into a folder. Blocks; not for a running event loop.

    Args:
        settings: of the source.
        folder: where they come.

    Returns:
        Each file, and its address for messages.

    Raises:
        SourceError: when a person must change something: the key of the server, the login, the path.
        SourceAway: when the server is away or breaks off, or a file is still being written.
        Fatal: when the environment variable of a secret is not set.
    """
    if settings.sftp is None:
        raise SourceError(settings.place, "needs source.sftp: the key by which the server is recognised, and a login")
    address = SftpAddress.of(settings.path)
    options = _options(settings.sftp, settings.place)
    try:
        return asyncio.run(_Fetching(settings, address, folder).fetch(options))
    except asyncssh.HostKeyNotVerifiable as error:
        raise SourceError(
            settings.place,
            "is not the server that source.sftp.known_hosts or .fingerprint describes; ask its owner for its key, and "
            "do not go on before you know why",
        ) from error
    except asyncssh.PermissionDenied as error:
        raise SourceError(settings.place, f"refuses the login of {address.user}; check source.sftp") from error
    except asyncssh.KeyExchangeFailed as error:
        raise SourceError(settings.place, f"shares no way to connect with the connector: {error.reason}") from error
    except (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, asyncssh.DisconnectError) as error:
        raise SourceAway(settings.place, f"broke off: {error.reason}") from error
    except asyncssh.SFTPError as error:
        raise SourceError(settings.place, f"cannot be fetched: {error.reason}; check source.path") from error
    except TimeoutError as error:
        raise SourceAway(settings.place, "does not answer in time") from error
    except OSError as error:
        raise SourceAway(settings.place, f"cannot be reached: {error.strerror or error}") from error


class _Fetching:
    """One visit to a server."""

    def __init__(self, settings: FileSettings, address: SftpAddress, folder: Path) -> None:
        self._settings = settings
        self._address = address
        self._folder = folder
        self._limit = settings.limit_mb * 1024 * 1024

    async def fetch(self, options: dict[str, Any]) -> list[tuple[Path, str]]:
        to = self._address
        async with (
            asyncio.timeout(FETCH_WITHIN_SECONDS),
            asyncssh.connect(to.host, to.port, username=to.user, **options) as connection,
            connection.start_sftp_client() as sftp,
        ):
            chosen = await self._settled(sftp)
            return [await self._fetched(sftp, name, version) for name, version in chosen.items()]

    async def _settled(self, sftp: asyncssh.SFTPClient) -> dict[str, FileVersion]:
        settling = Settling(self._settings, clocks_differ_seconds=CLOCKS_DIFFER_SECONDS)
        while not settling.at_rest(chosen := await self._chosen(sftp)):  # noqa: ASYNC110 - the server tells nothing
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        return chosen

    async def _chosen(self, sftp: asyncssh.SFTPClient) -> dict[str, FileVersion]:
        path = PurePosixPath(self._address.path)
        async with asyncio.timeout(self._settings.timeout_seconds):
            if not is_pattern(path.name):
                return {str(path): _version(await sftp.stat(str(path)))}
            found = {
                str(path.parent / str(entry.filename)): _version(entry.attrs)
                async for entry in sftp.scandir(str(path.parent))
                if fits(str(entry.filename), path.name) and entry.attrs.type == asyncssh.FILEXFER_TYPE_REGULAR
            }
        return choose_files(self._settings, found)

    async def _fetched(self, sftp: asyncssh.SFTPClient, name: str, version: FileVersion) -> tuple[Path, str]:
        place = f"sftp://{self._address.host}{name}"
        self._refuse_above_limit(place, version[0])
        target = self._folder / f"fetched-{PurePosixPath(name).name}"
        await sftp.get(
            name, target, progress_handler=lambda _source, _target, done, _total: self._refuse_above_limit(place, done)
        )
        if _version(await sftp.stat(name)) != version or target.stat().st_size != version[0]:
            raise SourceAway(place, "changed while it was fetched; it is fetched again when it is at rest")
        return target, place

    def _refuse_above_limit(self, place: str, size: int) -> None:
        if size > self._limit:
            raise SourceError(
                place, f"has more than {self._settings.limit_mb:,} MB; raise source.limit_mb if it is right"
            )


class _Recognising(asyncssh.SSHClient):
    """Recognises a server by the fingerprint of its key."""

    def __init__(self, fingerprint: str) -> None:
        self._fingerprint = fingerprint.rstrip("=")

    def validate_host_public_key(self, _host: str, _addr: str, _port: int, key: asyncssh.SSHKey) -> bool:
        """Tell whether this is the key."""
        return key.get_fingerprint("sha256").rstrip("=") == self._fingerprint


def _options(settings: SftpSettings, place: str) -> dict[str, Any]:
    options: dict[str, Any] = {
        "config": None,
        "agent_path": None,
        "client_keys": None,
        "connect_timeout": CONNECT_SECONDS,
        "login_timeout": LOGIN_SECONDS,
        "keepalive_interval": KEEPALIVE_SECONDS,
    }
    if settings.fingerprint:
        fingerprint = settings.fingerprint
        options |= {"known_hosts": ([], [], []), "client_factory": lambda: _Recognising(fingerprint)}
    else:
        options["known_hosts"] = _readable(settings.known_hosts, place)
    if settings.password_variable:
        options["password"] = read_secret(settings.password_variable, "source.sftp.password_variable")
        return options
    passphrase = None
    if settings.passphrase_variable:
        passphrase = read_secret(settings.passphrase_variable, "source.sftp.passphrase_variable")
    try:
        options["client_keys"] = [asyncssh.read_private_key(_readable(settings.key_file, place), passphrase)]
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        raise SourceError(place, f"the key in {settings.key_file} cannot be used: {error}") from error
    return options


def _readable(path: Path | None, place: str) -> str:
    if path is None or not path.is_file():
        raise SourceError(place, f"there is no file {path}; check source.sftp")
    return str(path)


def _version(attributes: asyncssh.SFTPAttrs) -> FileVersion:
    return attributes.size or 0, float(attributes.mtime or 0)
