"""Reading the code lists, strictly: a file that does not follow the form is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from meekoppel_contracts import codes
from meekoppel_contracts.errors import UnknownCode

Language = Literal["nl", "en"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Labels(_Frozen):
    """What something is called, in Dutch and in English."""

    nl: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Code(_Frozen):
    """One code of a list.

    Attributes:
        code: as it stands in the contracts.
        label: what people call it.
        definition: what it means, in English.
        maps: the values of other standards that become this code, per list of `CodeList.external`.
    """

    code: str
    label: Labels
    definition: str = Field(min_length=1)
    maps: Mapping[str, list[str]] = {}


class ExternalList(_Frozen):
    """A code list of another standard.

    Attributes:
        name: what it is called there.
        version: the version that was mapped.
        uri: where it is published.
        complete: whether `values` holds all of it; each of those is then mapped or left out with a reason.
        values: its values, when complete.
        left_out: values that become none of our codes, each with the reason.
    """

    name: str
    version: str
    uri: str
    complete: bool
    values: list[str] = []
    left_out: Mapping[str, str] = {}


class CodeList(_Frozen):
    """One code list of the contracts.

    Attributes:
        enum: the name of the enum, in Python and in Avro.
        title: what the list is called.
        definition: what it is about and where it comes from.
        fallback: the code for what a reader does not know: the default of the Avro enum.
        codes: the codes, in the order of the enum.
        external: the lists of other standards that are mapped to it, by a short name.
        not_mapped: what is not mapped, and why.
    """

    enum: str
    title: Labels
    definition: str
    fallback: str
    codes: list[Code]
    external: Mapping[str, ExternalList] = {}
    not_mapped: str | None = None

    def label(self, code: str, language: Language) -> str:
        """Say what a code is called.

        Raises:
            UnknownCode: when the list does not hold it.
        """
        for each in self.codes:
            if each.code == code:
                return each.label.nl if language == "nl" else each.label.en
        raise UnknownCode(f"{self.enum} has no code {code!r}; it has {', '.join(each.code for each in self.codes)}")

    def from_external(self, external: str, value: str) -> str | None:
        """Give our code for a value of another standard; None when it becomes none of ours.

        Raises:
            UnknownCode: when no such list is mapped.
        """
        if external not in self.external:
            mapped = ", ".join(self.external) or "none"
            raise UnknownCode(f"{self.enum} is not mapped to a list {external!r}; mapped are {mapped}")
        for each in self.codes:
            if value in each.maps.get(external, ()):
                return each.code
        return None


@cache
def code_list(enum: type[StrEnum]) -> CodeList:
    """Read the list of an enum, once.

    Raises:
        UnknownCode: when the enum is none of the contracts.
    """
    file = files("meekoppel_contracts") / "codelists" / f"{_snake_case(enum.__name__)}.yaml"
    if not file.is_file():
        raise UnknownCode(f"{enum.__name__} is no code list of the contracts")
    return CodeList.model_validate(yaml.safe_load(file.read_text("utf-8")))


def code_lists() -> dict[str, CodeList]:
    """Read all lists, by the name of the enum."""
    return {name: code_list(getattr(codes, name)) for name in codes.__all__}


def _snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
