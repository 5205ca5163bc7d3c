"""The organisations that take part: registered once, known by a token, each with its own rights to publish."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from meekoppel_contracts.codes import OrganisationKind
from meekoppel_contracts.errors import InvalidIdentifier
from meekoppel_contracts.ids import OrgCode, org_code
from meekoppel_hub.platform.clock import Clock, utc_now
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables.organisations import organisations
from meekoppel_hub.platform.errors import SettingsError

EVERYONE = "*"
TOKEN_PREFIX = "mk_"  # noqa: S105  (not a secret: it lets secret scanners recognise one)
_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Organisation:
    """One organisation that takes part.

    Attributes:
        code: its code, the second part of the ids of its plans.
        name: its name in full.
        kind: what kind of organisation it is.
        oin: its number in the register of government organisations (20 digits), where it has one.
        kvk: its number in the trade register (8 digits), where it has one.
        may_publish_for: codes of other initiators whose plans it may publish; `*` stands for everyone.
        created_at: when it was registered.
        active: whether it may do anything now.
    """

    code: OrgCode
    name: str
    kind: OrganisationKind
    oin: str | None
    kvk: str | None
    may_publish_for: frozenset[str]
    created_at: datetime
    active: bool

    def may_publish(self, initiator: OrgCode) -> bool:
        """Tell whether it may publish plans of this initiator: its own, and those its registration names."""
        return initiator == self.code or initiator in self.may_publish_for or EVERYONE in self.may_publish_for


def register_organisation(
    database: Database,
    code: str,
    name: str,
    kind: OrganisationKind,
    *,
    oin: str | None = None,
    kvk: str | None = None,
    may_publish_for: Iterable[str] = (),
    clock: Clock = utc_now,
) -> str:
    """Register an organisation and give its token, which is shown this once and not kept.

    Raises:
        SettingsError: when the code, a number or a right breaks its rule, or the code is taken.
    """
    token = _new_token()
    row = {
        "code": _checked_code(code),
        "name": _checked_name(name),
        "kind": kind.value,
        "oin": _digits(oin, 20, "OIN"),
        "kvk": _digits(kvk, 8, "KvK number"),
        "may_publish_for": _checked_rights(may_publish_for),
        "token_sha256": _hash(token),
        "created_at": clock(),
        "active": True,
    }
    try:
        with database.begin() as connection:
            connection.execute(insert(organisations), row)
    except IntegrityError as error:
        raise SettingsError(
            f"organisation {code} is registered already; `meekoppel organisations show {code}`"
        ) from error
    return token


def renew_token(database: Database, code: str) -> str:
    """Give an organisation a new token; the old one ends at once.

    Raises:
        SettingsError: when no organisation has this code.
    """
    token = _new_token()
    statement = update(organisations).where(organisations.c.code == code).values(token_sha256=_hash(token))
    with database.begin() as connection:
        if connection.execute(statement).rowcount == 0:
            raise _unknown(code)
    return token


def authenticate(database: Database, token: str) -> Organisation | None:
    """Give the active organisation that holds this token, or None."""
    # The lookup is by hash of 256 random bits: its timing tells nothing about a token.
    statement = select(organisations).where(organisations.c.token_sha256 == _hash(token), organisations.c.active)
    with database.read() as connection:
        row = connection.execute(statement).first()
    return None if row is None else organisation_from_row(row)


def load_all(database: Database) -> tuple[Organisation, ...]:
    """Give all organisations, by code."""
    with database.read() as connection:
        rows = connection.execute(select(organisations).order_by(organisations.c.code)).all()
    return tuple(organisation_from_row(row) for row in rows)


def load(database: Database, code: str) -> Organisation:
    """Give one organisation.

    Raises:
        SettingsError: when no organisation has this code.
    """
    with database.read() as connection:
        row = connection.execute(select(organisations).where(organisations.c.code == code)).first()
    if row is None:
        raise _unknown(code)
    return organisation_from_row(row)


def organisation_from_row(row: Row[Any]) -> Organisation:
    """Read a row of the table of organisations."""
    return Organisation(
        code=OrgCode(row.code),
        name=row.name,
        kind=OrganisationKind(row.kind),
        oin=row.oin,
        kvk=row.kvk,
        may_publish_for=frozenset(row.may_publish_for),
        created_at=row.created_at,
        active=row.active,
    )


def _new_token() -> str:
    return TOKEN_PREFIX + secrets.token_urlsafe(_TOKEN_BYTES)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _unknown(code: str) -> SettingsError:
    return SettingsError(f"no organisation has the code {code!r}; `meekoppel organisations list` shows all")


def _checked_code(code: str) -> OrgCode:
    try:
        return org_code(code)
    except InvalidIdentifier as error:
        raise SettingsError(f"organisation code {error}") from error


def _checked_name(name: str) -> str:
    if not 0 < len(name.strip()) <= 200:
        raise SettingsError("the name of an organisation has 1 to 200 characters; give --name")
    return name.strip()


def _checked_rights(codes: Iterable[str]) -> Sequence[str]:
    return sorted({code if code == EVERYONE else _checked_code(code) for code in codes})


def _digits(number: str | None, length: int, label: str) -> str | None:
    if number is not None and not (len(number) == length and number.isascii() and number.isdigit()):
        raise SettingsError(f"{number!r} is no {label}: it has {length} digits")
    return number
