"""Where a file is: on this computer, behind an address, or on an SFTP server; one, or a pattern that names several."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

from pydantic import Field, model_validator

from meekoppel_connectors.settings import Section
from meekoppel_connectors.sources.http.settings import VARIABLE, checked_address, without_query

SFTP_PORT = 22
_PATTERN_SIGNS = frozenset("*?[")


class SftpSettings(Section):
    """How the connector proves who it is to an SFTP server, and the server to it.

    Attributes:
        known_hosts: a file with the server's key, as OpenSSH keeps it.
        fingerprint: of the server's key, as `SHA256:…`; instead of known_hosts.
        password_variable: the environment variable that holds the password.
        key_file: the connector's private key; instead of a password.
        passphrase_variable: the environment variable that holds the passphrase of that key, where it has one.
    """

    known_hosts: Path | None = None
    fingerprint: str | None = Field(default=None, pattern=r"^SHA256:[A-Za-z0-9+/]{43}=?$")
    password_variable: str | None = Field(default=None, pattern=VARIABLE)
    key_file: Path | None = None
    passphrase_variable: str | None = Field(default=None, pattern=VARIABLE)

    @model_validator(mode="after")
    def _both_are_known(self) -> SftpSettings:
        if (self.known_hosts is None) == (self.fingerprint is None):
            raise ValueError("needs known_hosts or fingerprint, by which the server is recognised")
        if (self.password_variable is None) == (self.key_file is None):
            raise ValueError("needs password_variable or key_file")
        return self

    def in_folder(self, folder: Path) -> Self:
        """Give the same settings with paths that count from this folder."""
        paths = {name: getattr(self, name) for name in ("known_hosts", "key_file")}
        return self.model_copy(update={name: folder / path for name, path in paths.items() if path is not None})


class SftpAddress(Section):
    """An address such as `sftp://user@host:22/folder/*.xml`, taken apart.

    Attributes:
        user: who logs in.
        host: the server.
        port: of the server.
        path: from the root of the server; the last part may be a pattern.
    """

    user: str
    host: str
    port: int
    path: str

    @classmethod
    def of(cls, text: str) -> SftpAddress:
        """Take an address apart.

        Raises:
            ValueError: when it is none, or holds a password.
        """
        parts = urlsplit(text.replace("?", "%3F").replace("#", "%23"))
        if parts.password is not None:
            raise ValueError("has a password in the address; give it as sftp.password_variable")
        if not parts.hostname or not parts.username or not parts.path.strip("/"):
            raise ValueError(f"{shown_location(text)} is no address; write it as sftp://user@host/folder/file.csv")
        return cls(
            user=unquote(parts.username),
            host=parts.hostname,
            port=parts.port or SFTP_PORT,
            path=unquote(parts.path),
        )


def is_remote(location: str) -> bool:
    """Tell whether a location is an address, and not a path on this computer."""
    return "://" in location


def is_pattern(name: str) -> bool:
    """Tell whether a name stands for all names that fit it, as `*.csv` does."""
    return bool(_PATTERN_SIGNS & set(name))


def fits(name: str, pattern: str) -> bool:
    """Tell whether the name of a file fits a pattern; hidden files fit none, since they are not ready yet."""
    return not name.startswith(".") and fnmatchcase(name, pattern)


def shown_location(location: str) -> str:
    """Give a location as it may be shown: without user, password and query."""
    return without_query(location) if is_remote(location) else location


def checked_location(location: str) -> str:
    """Give a location back when it is a path, or an address that can be fetched from.

    Raises:
        ValueError: otherwise.
    """
    if not location.strip():
        raise ValueError("is empty; give a file, a folder, a pattern or an address")
    if not is_remote(location):
        return location
    scheme = location.partition("://")[0].lower()
    if scheme == "sftp":
        SftpAddress.of(location)
    elif scheme in {"http", "https"}:
        checked_address(location)
    else:
        raise ValueError(f"{shown_location(location)}: the connector fetches by http, https and sftp, not by {scheme}")
    return location
