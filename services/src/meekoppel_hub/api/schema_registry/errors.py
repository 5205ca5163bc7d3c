"""What the registry answers when it cannot do what was asked: Confluent's codes and words.

RegistryRefusal
├── SubjectNotFound    404  40401
├── VersionNotFound    404  40402
├── SchemaNotFound     404  40403
├── InvalidSchema      422  42201
├── InvalidVersion     422  42202
└── ReadOnly           405  405    contracts change by a release, not by a call
"""

from __future__ import annotations


class RegistryRefusal(Exception):
    """An answer other than what was asked for.

    Attributes:
        status: the HTTP status.
        code: Confluent's error code.
        message: one sentence.
    """

    status = 500
    code = 50001

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)


class SubjectNotFound(RegistryRefusal):
    """There is no such subject."""

    status, code = 404, 40401

    def __init__(self, subject: str) -> None:
        super().__init__(f"Subject '{subject}' not found.")


class VersionNotFound(RegistryRefusal):
    """The subject has no such version."""

    status, code = 404, 40402

    def __init__(self, version: int) -> None:
        super().__init__(f"Version {version} not found.")


class SchemaNotFound(RegistryRefusal):
    """No schema has this id, or the subject does not hold this schema."""

    status, code = 404, 40403

    def __init__(self, what: str = "Schema") -> None:
        super().__init__(f"{what} not found")


class InvalidSchema(RegistryRefusal):
    """The body holds no schema that can be read."""

    status, code = 422, 42201

    def __init__(self, why: str) -> None:
        super().__init__(f"Invalid schema: {why}")


class InvalidVersion(RegistryRefusal):
    """What stands in the place of a version is none."""

    status, code = 422, 42202

    def __init__(self, given: str) -> None:
        super().__init__(
            f"The specified version '{given[:20]}' is not a valid version id. Allowed values are between [1, 2^31-1] "
            'and the string "latest"'
        )


class ReadOnly(RegistryRefusal):
    """Someone wants to change a contract here."""

    status, code = 405, 405

    def __init__(self) -> None:
        super().__init__(
            "This registry is read-only: the contracts change by a release of meekoppel-contracts, which is checked "
            "against all earlier versions. To have them in a registry of your own: meekoppel-contracts publish"
        )
