"""What a WFS says of itself: its feature types, in which CRSs and in which formats it gives them."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring, iterparse
from pyproj import CRS

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.mapping.crs import named_crs
from meekoppel_connectors.mapping.reasons import Unreadable

VERSION = "2.0"


@dataclass(frozen=True, slots=True)
class FeatureType:
    """A feature type as the service offers it.

    Attributes:
        name: with the prefix of the service.
        crss: the names of CRSs, the service's own first.
        formats: of output.
    """

    name: str
    crss: tuple[str, ...]
    formats: tuple[str, ...]

    def crs_for(self, wanted: int | str | None, place: str) -> str:
        """Give the service's own name of the CRS that the configuration names; its default when that names none.

        Raises:
            SourceError: when the service does not offer it.
        """
        if wanted is None and self.crss:
            return self.crss[0]
        crs = None if wanted is None else CRS.from_user_input(wanted)
        for name in self.crss:
            if _is(name, crs):
                return name
        offered = ", ".join(self.crss) or "none"
        raise SourceError(place, f"gives no coordinates in source.crs {wanted}; it offers {offered}")

    def geojson(self) -> str | None:
        """Give the service's own name of GeoJSON, where it offers that."""
        return next((one for one in self.formats if "json" in one.lower() and "callback" not in one.lower()), None)


def feature_type(content: bytes, wanted: str | None, place: str) -> FeatureType:
    """Find a feature type in the capabilities of a service.

    Args:
        content: the answer to GetCapabilities.
        wanted: its name, with or without prefix; None when there is only one.
        place: the source, for messages.

    Raises:
        SourceError: when this is no WFS 2.0, or it has no such type.
    """
    root = whole_document(content, place)
    version = root.get("version", "")
    if local(root.tag) != "WFS_Capabilities" or not version.startswith(VERSION):
        what = f"version {version}" if version else local(root.tag)
        raise SourceError(place, f"is no WFS {VERSION} (it answers with {what}); check source.url")
    found = {_text(one, "Name"): one for one in _all(root, "FeatureType")}
    named = [name for name in found if wanted in (None, name, name.rpartition(":")[2])]
    if len(named) != 1:
        names = ", ".join(found) or "none"
        raise SourceError(place, f"set source.type_name to one of its feature types: {names}")
    one = found[named[0]]
    crss = tuple((each.text or "").strip() for kind in ("DefaultCRS", "OtherCRS") for each in _all(one, kind))
    return FeatureType(named[0], crss, tuple(_formats(one)) or tuple(_formats_of_operation(root)))


def whole_document(content: bytes, place: str) -> Element:
    """Read an XML document.

    Raises:
        SourceError: when it is none, is unsafe, or is a service exception.
    """
    root_of(content, place)
    try:
        document: Element = fromstring(content)
    except (ParseError, DefusedXmlException) as error:
        raise SourceError(place, f"answers with XML that cannot be read: {error}") from error
    return document


def root_of(content: bytes, place: str) -> Element:
    """Give the first element of an XML document, without reading on; an exception of the service is raised.

    Raises:
        SourceError: when it is no XML, declares entities, or says what is wrong with the question.
    """
    try:
        events = iterparse(BytesIO(content), events=("start",), forbid_dtd=True)
        root: Element = next(iter(events))[1]
    except (ParseError, DefusedXmlException, StopIteration) as error:
        start = content[:80].decode(errors="replace").strip()
        raise SourceError(place, f"answers with no XML, or an unsafe one, beginning with {start!r}") from error
    if local(root.tag) in {"ExceptionReport", "ServiceExceptionReport"}:
        said = " ".join(" ".join(fromstring(content).itertext()).split())
        raise SourceError(place, f"refuses the question: {said[:500]}")
    return root


def local(tag: str) -> str:
    """Give the name of an element without its name space."""
    return tag.rpartition("}")[2]


def _all(element: Element, name: str) -> list[Element]:
    return [one for one in element.iter() if local(one.tag) == name]


def _text(element: Element, name: str) -> str:
    return next(((one.text or "").strip() for one in _all(element, name)), "")


def _formats(element: Element) -> list[str]:
    return [(one.text or "").strip() for one in _all(element, "Format")]


def _formats_of_operation(root: Element) -> list[str]:
    return [
        (value.text or "").strip()
        for operation in _all(root, "Operation")
        if operation.get("name") == "GetFeature"
        for parameter in _all(operation, "Parameter")
        if parameter.get("name") == "outputFormat"
        for value in _all(parameter, "Value")
    ]


def _is(name: str, crs: CRS | None) -> bool:
    try:
        return crs is not None and named_crs(name) == crs
    except Unreadable:
        return False
