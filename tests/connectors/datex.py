"""Situations of DATEX II as publishers write them, put together by the tests."""

from __future__ import annotations

from pathlib import Path

POINT = (
    "<pointByCoordinates><pointCoordinates><latitude>51.58</latitude><longitude>4.77</longitude></pointCoordinates>"
    "</pointByCoordinates>"
)
NAMESPACES = (
    'xmlns="http://datex2.eu/schema/3/situation" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' xmlns:nle="http://placeholder.example/extension"'
)


def line(positions: str, system: str = "WGS 84", attributes: str = "") -> str:
    return f'<gmlLineString srsName="{system}"{attributes}><posList>{positions}</posList></gmlLineString>'


def record(
    id: str = "R1",
    location: str = POINT,
    kind: str = "MaintenanceWorks",
    start: str = "2026-06-12T06:00:00Z",
    end: str = "2026-07-12T15:00:00Z",
    more: str = "",
) -> str:
    name = '<value lang="en">City of Breda</value><value lang="nl">Gemeente Breda</value>'
    comment = '<value lang="nl-NL">Kerkstraat</value>'
    validity = f"<overallStartTime>{start}</overallStartTime>" + (
        f"<overallEndTime>{end}</overallEndTime>" if end else ""
    )
    place = f'<locationReference xsi:type="loc:PointLocation">{location}</locationReference>' if location else ""
    return (
        f'<situationRecord xsi:type="sit:{kind}" id="{id}" version="1">'
        "<situationRecordVersionTime>2026-06-12T12:37:52Z</situationRecordVersionTime>"
        "<probabilityOfOccurrence>probable</probabilityOfOccurrence>"
        f"<source><sourceName><values>{name}</values></sourceName></source>"
        f"<validity><validityTimeSpecification>{validity}</validityTimeSpecification></validity>"
        f"<generalPublicComment><comment><values>{comment}</values></comment></generalPublicComment>"
        f"{place}{more}</situationRecord>"
    )


def situation(*records: str, id: str = "S1", status: str = "real") -> str:
    header = f"<headerInformation><informationStatus>{status}</informationStatus></headerInformation>"
    return f'<situation id="{id}">{header}{"".join(records)}</situation>'


def publication(folder: Path, *situations: str, kind: str = "SituationPublication", name: str = "feed.xml") -> Path:
    path = folder / name
    whole = (
        f'<?xml version="1.0"?><payload {NAMESPACES} xsi:type="sit:{kind}" lang="nl">{"".join(situations)}</payload>'
    )
    path.write_text(whole, encoding="utf-8")
    return path
