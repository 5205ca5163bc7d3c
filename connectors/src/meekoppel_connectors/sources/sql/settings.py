"""What a source in a database is told: the address without its password, a table or a query, and how to go on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from meekoppel_connectors.mapping.values import is_missing, text_of
from meekoppel_connectors.settings import Section
from meekoppel_connectors.sources.settings import SourceSettings

DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
_SECRET_WORDS = ("password", "passwd", "pwd")
_NOT_SAID = frozenset({"false", "f", "0", "no", "n", "nee"})


def _address_without_password(written: str) -> str:
    try:
        url = make_url(written)
    except (ArgumentError, ValueError):
        raise ValueError("is no database address; write it as postgresql://user@host:5432/database") from None
    parameters = " ".join([*url.query, *map(str, url.query.values())]).casefold()
    if url.password is not None or any(word in parameters for word in _SECRET_WORDS):
        raise ValueError(
            "holds a password, which may not stand in a file; leave it out, put it into an environment variable, and "
            "name that in password_variable"
        )
    return written


class CursorColumns(Section):
    """The columns by which a connector finds what changed since it last looked.

    Attributes:
        time: when the row was last changed; a time, or a number that rises with every change.
        id: tells rows of one time apart; mostly the primary key.
        overlap_seconds: how far it looks back again, for rows that were committed late with an older time.
    """

    time: str
    id: str
    overlap_seconds: float = Field(default=60.0, ge=0)


class RemovedFlag(Section):
    """The column that says that a record is gone, though its row is still there.

    Attributes:
        field: the column.
        values: what stands there when it is gone; by default anything but empty, false, no and 0.
    """

    field: str
    values: tuple[str, ...] | None = None

    def says_so(self, value: object) -> bool:
        """Tell whether this value means that the record is gone."""
        if is_missing(value):
            return False
        word = text_of(value)
        return word in self.values if self.values is not None else word.casefold() not in _NOT_SAID


class SqlSettings(SourceSettings):
    """A table, view or query of a database that SQLAlchemy reaches.

    Attributes:
        url: such as `postgresql://reader@db.example:5432/gis` or `sqlite:///plans.db`; never with a password.
        password_variable: the environment variable that holds the password.
        table: a table or view, with its schema where needed: `works.plans`.
        query: a SELECT of your own, instead of a table.
        geometry_column: the column with geometry; in PostGIS the only one by default. In other databases it holds WKB.
        cursor: the columns by which changes are found; without it everything is read at every run.
        removed: the column that says that a record is gone.
    """

    format: Literal["sql"]
    url: Annotated[str, AfterValidator(_address_without_password)]
    password_variable: str | None = None
    table: str | None = Field(default=None, min_length=1)
    query: str | None = Field(default=None, min_length=1)
    geometry_column: str | None = None
    cursor: CursorColumns | None = None
    removed: RemovedFlag | None = None

    @model_validator(mode="after")
    def _one_thing_to_read(self) -> Self:
        if (self.table is None) == (self.query is None):
            raise ValueError("give either table or query")
        if self.geometry_column and self.geometry.columns:
            raise ValueError("give either geometry_column or geometry: {x: …, y: …} or {wkt: …}")
        return self

    @property
    def address(self) -> URL:
        """The address, with the driver that we use for this kind of database."""
        url = make_url(self.url)
        return url.set(drivername=DRIVERS.get(url.drivername, url.drivername))

    @property
    def place(self) -> str:
        """Database and table, without user's secrets or parameters."""
        url = make_url(self.url).set(query={})
        what = self.table or "the query"
        return f"{url.render_as_string(hide_password=True)} ({what})"

    def in_folder(self, folder: Path) -> Self:
        """Give the same settings with the file of an SQLite database counted from this folder."""
        url = make_url(self.url)
        if url.get_backend_name() != "sqlite" or not url.database:
            return self
        url = url.set(database=str(folder / url.database))
        return self.model_copy(update={"url": url.render_as_string(hide_password=False)})
