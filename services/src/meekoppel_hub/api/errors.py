"""What the API answers when it cannot do what was asked: always JSON, always saying what to do.

ApiError
├── BadRequest         400  a parameter cannot be read
├── NotAuthenticated   401  the token is missing or unknown
├── NotFound           404  there is nothing here that this caller may see
├── Conflict           409  the state of things does not allow it
├── Gone               410  it was shared and is no longer
├── NotInstalled       501  this hub lacks a library that is needed for it
└── Busy               503  too much of it is under way; try again later
"""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """An answer other than what was asked for.

    Attributes:
        status: the HTTP status.
        code: a short code for programs.
        message: one sentence for people.
        details: further fields of the answer.
    """

    status = 500
    code = "error"

    def __init__(self, message: str, **details: Any) -> None:
        self.message = message
        self.details = details
        super().__init__(message)


class BadRequest(ApiError):
    """A parameter or the body cannot be read."""

    status = 400
    code = "bad_request"


class NotAuthenticated(ApiError):
    """The caller must say who it is, with a token that the hub knows."""

    status = 401
    code = "not_authenticated"


class NotFound(ApiError):
    """There is nothing here that the caller may see; the same answer whether or not it exists."""

    status = 404
    code = "not_found"


class Conflict(ApiError):
    """What is asked for does not go with the state of things: look again."""

    status = 409
    code = "conflict"


class Gone(ApiError):
    """What was shared is withdrawn."""

    status = 410
    code = "gone"


class NotInstalled(ApiError):
    """What was asked needs a library that this hub does not have."""

    status = 501
    code = "not_installed"


class Busy(ApiError):
    """As much of it is under way as the hub does at once."""

    status = 503
    code = "busy"
