"""What a source that is reached by HTTP is told about proving who asks, and whom to trust."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, Field, model_validator

from meekoppel_connectors.settings import Section

VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"


def checked_address(address: str) -> str:
    """Give an address back when it is one of HTTP or HTTPS without a password in it.

    Raises:
        ValueError: otherwise.
    """
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not _has_possible_port(parts):
        raise ValueError(f"{without_query(address)} is no address; write it as https://host/path")
    if parts.username is not None or parts.password is not None:
        raise ValueError("has a user or password in the address; give them as auth, with secret_variable")
    return address


def _has_possible_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False


def without_query(address: str) -> str:
    """Give an address as it may be shown: without user, password and query, which may hold a key."""
    try:
        parts = urlsplit(address)
    except ValueError:  # half an address of IPv6
        return address.partition("://")[0] + "://…"
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}" if parts.scheme else parts.path


HttpAddress = Annotated[str, AfterValidator(checked_address)]


class HttpAuth(Section):
    """How the connector proves who it is.

    Attributes:
        kind: `basic` (user and password), `bearer` (a token), `header` (a key in a header of its own) or `query` (a key
            as a parameter of the address).
        username: of `basic`.
        secret_variable: the environment variable that holds the password, token or key.
        name: of the header or the parameter that carries the key.
    """

    kind: Literal["basic", "bearer", "header", "query"]
    username: str | None = None
    secret_variable: str = Field(pattern=VARIABLE)
    name: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]+$")

    @model_validator(mode="after")
    def _complete(self) -> HttpAuth:
        if self.kind == "basic" and not self.username:
            raise ValueError("kind basic needs a username")
        if self.kind in {"header", "query"} and not self.name:
            raise ValueError(f"kind {self.kind} needs a name, such as X-Api-Key")
        return self


class HttpSettings(Section):
    """Beside the settings of a source that is reached by HTTP.

    Attributes:
        auth: how the connector proves who it is; not at all by default.
        timeout_seconds: how long the server may be silent.
        limit_mb: the largest answer that is taken, unpacked, in megabytes.
        trusted_origins: other servers (`https://host`) to which this one may refer; they never get the secret.
        ca_file: the certificate authority that signed the server's certificate; the system's own by default.
        client_certificate: a PEM file with the connector's own certificate, and its key unless client_key is given.
        client_key: a PEM file with the key of that certificate.
    """

    auth: HttpAuth | None = None
    timeout_seconds: float = Field(default=60, gt=0, le=3600)
    limit_mb: int = Field(default=2000, gt=0)
    trusted_origins: tuple[HttpAddress, ...] = ()
    ca_file: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None

    def http_in_folder(self, folder: Path) -> Self:
        """Give the same settings with paths of certificates that count from this folder."""
        paths = {name: getattr(self, name) for name in ("ca_file", "client_certificate", "client_key")}
        return self.model_copy(update={name: folder / path for name, path in paths.items() if path is not None})
