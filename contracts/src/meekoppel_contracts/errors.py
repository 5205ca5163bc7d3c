"""What can be wrong with a contract or with bytes that claim to follow one.

    ContractError
    ├── FramingError        the bytes are not a framed record: magic byte, length, bytes left over
    ├── UnknownSchema       no contract has this id, subject or version
    ├── SchemaMismatch      the record, or the bytes, do not fit the contract
    ├── SchemaIdsError      the file with a registry's schema ids cannot be used
    ├── RegistryError       a schema registry into which contracts are published
    │   ├── RegistryAway    it does not answer: try again
    │   └── RegistryRefused it says no, and would say so again: a person must change something
    ├── HeaderError         a CloudEvents header is missing or cannot be read
    ├── UnreadableContracts  a folder or a git reference holds no contracts that can be checked
    ├── UnknownCode         no code list has this code, or is mapped to this list of another standard
    └── InvalidIdentifier   a plan id, organisation code or overlap id that breaks its rule

A reader of events writes::

    try:
        event = decode_plan_event(record.value)
    except ContractError as error:
        set_aside(record, reason=str(error))
"""

from __future__ import annotations


class ContractError(Exception):
    """Something does not follow the contracts; the message says what, where and what to do."""


class FramingError(ContractError):
    """The bytes are not one framed Avro record."""


class UnknownSchema(ContractError):
    """No contract in the manifest has this id, subject or version."""


class SchemaMismatch(ContractError):
    """A record or its bytes do not fit the contract they name."""


class SchemaIdsError(ContractError):
    """The file that MEEKOPPEL_SCHEMA_IDS names cannot be used; nothing may be read or written until that is solved."""


class UnreadableContracts(ContractError):
    """A folder or a git reference holds no contracts that can be checked."""


class UnknownCode(ContractError):
    """No code list has this code, or is mapped to this list of another standard."""


class RegistryError(ContractError):
    """Contracts cannot be published into a schema registry."""


class RegistryAway(RegistryError):
    """The registry does not answer, or fails.

    Attributes:
        address: its base address.
        problem: what happened, in words.
    """

    def __init__(self, address: str, problem: str) -> None:
        self.address = address
        self.problem = problem
        super().__init__(f"the registry at {address} does not answer ({problem}); what was done is kept: publish again")


class RegistryRefused(RegistryError):
    """The registry refuses, or is none.

    Attributes:
        doing: what was asked of it.
        problem: what it says, in words.
    """

    def __init__(self, doing: str, problem: str) -> None:
        self.doing = doing
        self.problem = problem
        super().__init__(f"the registry refused to {doing}: {problem}")


class HeaderError(ContractError):
    """A CloudEvents header is missing or cannot be read.

    Attributes:
        header: the name of the header in Kafka, such as `ce_time`.
        problem: what is wrong with it, in words.
    """

    def __init__(self, header: str, problem: str) -> None:
        self.header = header
        self.problem = problem
        super().__init__(f"header {header}: {problem}")


class InvalidIdentifier(ContractError, ValueError):
    """An identifier breaks its rule; also a ValueError, so that pydantic reports the field.

    Attributes:
        value: what was offered.
        rule: the rule that it breaks, in words.
    """

    def __init__(self, value: str, rule: str) -> None:
        self.value = value
        self.rule = rule
        super().__init__(f"{value!r} is not valid: {rule}")
