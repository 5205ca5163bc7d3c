"""From events to bytes and back: Confluent framing around Avro, strict both ways.

What is written can be read back: a record is checked by its model before a byte is written. What is read is exactly
one record of the contract: anything else is a `ContractError`, never another exception.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

from fastavro import schemaless_reader, schemaless_writer
from pydantic import ValidationError

from meekoppel_contracts.areas import AgreementEvent, AreaEvent, MoratoriumEvent
from meekoppel_contracts.coordination import AssessmentEvent, CooperationEvent
from meekoppel_contracts.errors import FramingError, SchemaMismatch
from meekoppel_contracts.events import OverlapEvent, PlanEvent, PlanRejection
from meekoppel_contracts.framing import PREFIX_LENGTH, frame_prefix, framed_schema_id
from meekoppel_contracts.heartbeat import ConnectorHeartbeat
from meekoppel_contracts.ids import SchemaId
from meekoppel_contracts.notification import Notification
from meekoppel_contracts.plan import Contract
from meekoppel_contracts.quality import QualityEvent
from meekoppel_contracts.registry import (
    AGREEMENT_EVENT,
    AREA_EVENT,
    ASSESSMENT_EVENT,
    CONNECTOR_HEARTBEAT,
    COOPERATION_EVENT,
    MORATORIUM_EVENT,
    NOTIFICATION,
    OVERLAP_EVENT,
    PLAN_EVENT,
    PLAN_REJECTION,
    QUALITY_EVENT,
    Registry,
    SchemaVersion,
    packaged_registry,
)

Record = TypeVar("Record", bound=Contract)
LONGEST_QUOTE = 200


class Codec(Generic[Record]):
    """Writes and reads the records of one subject. It may be shared between threads.

    Args:
        subject: the contract, such as `plan-event`.
        model: the model of the records.
        registry: where the schemas are; those of this package when left out.
        version: the version of the contract that the model follows: it is written, and what other versions wrote
            becomes it. The newest of this package when left out, even when the registry knows a newer one.
    """

    def __init__(
        self, subject: str, model: type[Record], registry: Registry | None = None, version: int | None = None
    ) -> None:
        self.subject = subject
        self.model = model
        self._given_registry = registry
        self._given_version = version

    def encode(self, record: Record) -> bytes:
        """Write a record.

        Raises:
            SchemaMismatch: when the record breaks a rule of its model or contract (which `model_copy` and
                `model_construct` do not check), such as a time without a zone.
        """
        out = io.BytesIO()
        out.write(frame_prefix(self._own.schema_id))
        try:
            values = record.model_dump(warnings=False)
            self.model.model_validate(values)
            schema = self._registry.parsed(self._own.schema_id)
            schemaless_writer(out, schema, values, strict=True, disable_tuple_notation=True)
        except Exception as error:
            raise SchemaMismatch(f"the {self.subject} cannot be written: {_in_words(error)}") from error
        return out.getvalue()

    def decode(self, data: bytes | None) -> Record:
        """Read one framed record, whichever version of the contract wrote it.

        Raises:
            FramingError: when the value is no framed record, or bytes are left over after it.
            UnknownSchema: when no contract has its schema id.
            SchemaMismatch: when it is of another contract, its body does not follow its schema, or its values break a
                rule of the contract.
        """
        return self.read(data)[0]

    def read(self, data: bytes | None) -> tuple[Record, dict[str, Any]]:
        """Read one framed record as `decode` does; gives the plain values from which it was made, too.

        Raises:
            ContractError: as `decode` does.
        """
        values = self.values(data)
        try:
            return self.model.model_validate(values), values
        except Exception as error:
            raise self._mismatch(framed_schema_id(data), error) from error

    def values(self, data: bytes | None) -> dict[str, Any]:
        """Read one framed record to plain values: codes as texts, times aware, geometry as bytes.

        For what the hub stored itself: the model's rules were checked when it was written, and are not checked again.

        Raises:
            FramingError: when the value is no framed record, or bytes are left over after it.
            UnknownSchema: when no contract has its schema id.
            SchemaMismatch: when it is of another contract, or its body does not follow its schema.
        """
        schema_id = framed_schema_id(data)
        resolution = self._registry.resolution(schema_id, self._own.schema_id)
        source = io.BytesIO(data or b"")
        source.seek(PREFIX_LENGTH)
        try:
            values = schemaless_reader(source, resolution.writer, resolution.reader)
        except Exception as error:
            raise self._mismatch(schema_id, error) from error
        if not (left_over := len(source.getbuffer()) - source.tell()):
            assert isinstance(values, dict)  # every contract is a record
            return values
        raise FramingError(
            f"{left_over} bytes are left over after the {self.subject} (schema id {schema_id}); "
            "they were written with another schema, or more than one record was put into one value"
        )

    @property
    def schema_id(self) -> SchemaId:
        """The id of the version that is written."""
        return self._own.schema_id

    def parsed_schema(self) -> Any:
        """Give the schema of the version that is written, as fastavro parsed it."""
        return self._registry.parsed(self._own.schema_id)

    def _mismatch(self, schema_id: SchemaId, error: Exception) -> SchemaMismatch:
        return SchemaMismatch(
            f"the value does not follow contract {self.subject} (schema id {schema_id}): {_in_words(error)}"
        )

    @cached_property
    def _registry(self) -> Registry:
        return self._given_registry or packaged_registry()

    @cached_property
    def _own(self) -> SchemaVersion:
        version = self._given_version or packaged_registry().newest(self.subject).version
        return self._registry.version(self.subject, version)


def _in_words(error: Exception) -> str:
    """Say what went wrong, without the values: they may be long, and are not for a log."""
    if isinstance(error, ValidationError):
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        first = problems[0]
        place = ".".join(str(part) for part in first["loc"]) or "the record"
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        return f"{place}: {first['msg']}{more}"
    if isinstance(error, EOFError):
        return "it ends in the middle of the record"
    return f"{type(error).__name__}: {str(error)[:LONGEST_QUOTE]}"


PLAN_EVENTS = Codec(PLAN_EVENT, PlanEvent)
OVERLAP_EVENTS = Codec(OVERLAP_EVENT, OverlapEvent)
PLAN_REJECTIONS = Codec(PLAN_REJECTION, PlanRejection)
ASSESSMENT_EVENTS = Codec(ASSESSMENT_EVENT, AssessmentEvent)
COOPERATION_EVENTS = Codec(COOPERATION_EVENT, CooperationEvent)
MORATORIUM_EVENTS = Codec(MORATORIUM_EVENT, MoratoriumEvent)
AREA_EVENTS = Codec(AREA_EVENT, AreaEvent)
AGREEMENT_EVENTS = Codec(AGREEMENT_EVENT, AgreementEvent)
CONNECTOR_HEARTBEATS = Codec(CONNECTOR_HEARTBEAT, ConnectorHeartbeat)
NOTIFICATIONS = Codec(NOTIFICATION, Notification)
QUALITY_EVENTS = Codec(QUALITY_EVENT, QualityEvent)

CODECS: Final[Mapping[str, Codec[Any]]] = {
    codec.subject: codec
    for codec in (
        PLAN_EVENTS,
        OVERLAP_EVENTS,
        PLAN_REJECTIONS,
        ASSESSMENT_EVENTS,
        COOPERATION_EVENTS,
        MORATORIUM_EVENTS,
        AREA_EVENTS,
        AGREEMENT_EVENTS,
        CONNECTOR_HEARTBEATS,
        NOTIFICATIONS,
        QUALITY_EVENTS,
    )
}
"""The codec of every contract, by its subject."""


def contract_of_record(data: bytes | None) -> str:
    """Name the contract that a framed record follows, such as `overlap-event`, without decoding it.

    A topic may hold records of several contracts: this tells which codec reads the one at hand.

    Raises:
        FramingError: when the value is no framed record.
        UnknownSchema: when no contract of this package has its schema id.
    """
    return packaged_registry().by_id(framed_schema_id(data)).subject


def decode_record(data: bytes | None) -> Contract:
    """Read a record of whichever contract it says that it follows; raises a ContractError, and nothing else."""
    record: Contract = CODECS[contract_of_record(data)].decode(data)
    return record


def encode_plan_event(event: PlanEvent) -> bytes:
    """Write a plan event; raises SchemaMismatch when it breaks its contract."""
    return PLAN_EVENTS.encode(event)


def decode_plan_event(data: bytes | None) -> PlanEvent:
    """Read a plan event; raises a ContractError, and nothing else, when the bytes are not exactly one."""
    return PLAN_EVENTS.decode(data)


def encode_overlap_event(event: OverlapEvent) -> bytes:
    """Write an overlap event; raises SchemaMismatch when it breaks its contract."""
    return OVERLAP_EVENTS.encode(event)


def decode_overlap_event(data: bytes | None) -> OverlapEvent:
    """Read an overlap event; raises a ContractError, and nothing else, when the bytes are not exactly one."""
    return OVERLAP_EVENTS.decode(data)


def encode_plan_rejection(rejection: PlanRejection) -> bytes:
    """Write a rejection; raises SchemaMismatch when it breaks its contract."""
    return PLAN_REJECTIONS.encode(rejection)


def decode_plan_rejection(data: bytes | None) -> PlanRejection:
    """Read a rejection; raises a ContractError, and nothing else, when the bytes are not exactly one."""
    return PLAN_REJECTIONS.decode(data)


def encode_assessment_event(event: AssessmentEvent) -> bytes:
    """Write an assessment event; raises SchemaMismatch when it breaks its contract."""
    return ASSESSMENT_EVENTS.encode(event)


def decode_assessment_event(data: bytes | None) -> AssessmentEvent:
    """Read an assessment event; raises a ContractError, and nothing else, when the bytes are not exactly one."""
    return ASSESSMENT_EVENTS.decode(data)


def encode_cooperation_event(event: CooperationEvent) -> bytes:
    """Write a cooperation event; raises SchemaMismatch when it breaks its contract."""
    return COOPERATION_EVENTS.encode(event)


def decode_cooperation_event(data: bytes | None) -> CooperationEvent:
    """Read a cooperation event; raises a ContractError, and nothing else, when the bytes are not exactly one."""
    return COOPERATION_EVENTS.decode(data)


def encode_moratorium_event(event: MoratoriumEvent) -> bytes:
    """Write a moratorium event; raises SchemaMismatch when it breaks its contract."""
    return MORATORIUM_EVENTS.encode(event)


def decode_moratorium_event(data: bytes | None) -> MoratoriumEvent:
    """Read a moratorium event; raises a ContractError, and nothing else, when the bytes are not exactly one."""
    return MORATORIUM_EVENTS.decode(data)


def encode_area_event(event: AreaEvent) -> bytes:
    """Write an area event; raises SchemaMismatch when it breaks its contract."""
    return AREA_EVENTS.encode(event)


def decode_area_event(data: bytes | None) -> AreaEvent:
    """Read an area event; raises a ContractError, and nothing else, when the bytes are not exactly one."""
    return AREA_EVENTS.decode(data)


def encode_agreement_event(event: AgreementEvent) -> bytes:
    """Write an agreement event; raises SchemaMismatch when it breaks its contract."""
    return AGREEMENT_EVENTS.encode(event)


def decode_agreement_event(data: bytes | None) -> AgreementEvent:
    """Read an agreement event; raises a ContractError, and nothing else, when the bytes are not exactly one."""
    return AGREEMENT_EVENTS.decode(data)


def encode_connector_heartbeat(heartbeat: ConnectorHeartbeat) -> bytes:
    """Write a connector's heartbeat; raises SchemaMismatch when it breaks its contract."""
    return CONNECTOR_HEARTBEATS.encode(heartbeat)


def decode_connector_heartbeat(data: bytes | None) -> ConnectorHeartbeat:
    """Read a connector's heartbeat; raises a ContractError, and nothing else, when the bytes are not exactly one."""
    return CONNECTOR_HEARTBEATS.decode(data)


def encode_notification(notification: Notification) -> bytes:
    """Write a notification; raises SchemaMismatch when it breaks its contract."""
    return NOTIFICATIONS.encode(notification)


def decode_notification(data: bytes | None) -> Notification:
    """Read a notification; raises a ContractError, and nothing else, when the bytes are not exactly one."""
    return NOTIFICATIONS.decode(data)


def encode_quality_event(event: QualityEvent) -> bytes:
    """Write a quality event; raises SchemaMismatch when it breaks its contract."""
    return QUALITY_EVENTS.encode(event)


def decode_quality_event(data: bytes | None) -> QualityEvent:
    """Read a quality event; raises a ContractError, and nothing else, when the bytes are not exactly one."""
    return QUALITY_EVENTS.decode(data)
