"""The words by which people name their columns, in Dutch, English, German and French; and how well a name fits them."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum


class Role(StrEnum):
    """What a column can be for."""

    ID = "id"
    TITLE = "title"
    DESCRIPTION = "description"
    START = "start"
    END = "end"
    PERIOD = "period"
    STATUS = "status"
    CERTAINTY = "certainty"
    ORGANISATION = "organisation"
    DISCIPLINE = "discipline"
    X = "x"
    Y = "y"
    LATITUDE = "latitude"
    LONGITUDE = "longitude"
    BESIDE_THE_POINT = "beside the point"


# Exact names and words within a name; longer than four letters they also count inside a compound (`projectnummer`).
WORDS: dict[Role, str] = {
    Role.ID: "id projectnr projectnummer projectcode nummer nr kenmerk code referentie reference ref identificatie"
    " identifier key sleutel number numero aktenzeichen nummer kennung uuid guid recordid objectid reference_number"
    " plan_id plannummer zaaknummer werknummer dossiernummer bestelnummer werknr plannr zaaknr dossiernr",
    Role.TITLE: "titel title naam name onderwerp subject project projectnaam straat straatnaam street bezeichnung titre"
    " nom intitule rue strasse locatie location betreft objet rue_principal werk werknaam",
    Role.DESCRIPTION: "omschrijving omschr beschrijving toelichting description details opmerking bemerkung"
    " beschreibung comment commentaire content werkzaamheden inhoud objet activiteit",
    Role.START: "start startdatum begin begindatum van vanaf aanvang from since debut date_debut beginn von ab"
    " start_date startdate begint uitvoeringsstart earliest_start",
    Role.END: "eind einde einddatum tot t/m end enddate end_date until to fin date_fin ende bis gereed oplevering"
    " gereeddatum finish klaar latest_end eindigt",
    Role.PERIOD: "periode period zeitraum uitvoeringsperiode looptijd duree planning wanneer dates",
    Role.STATUS: "status stand fase phase etat etat_travaux zustand toestand voortgang",
    Role.CERTAINTY: "zekerheid certainty hardheid zekerheidsgraad betrouwbaarheid status fase phase probability",
    Role.ORGANISATION: "organisatie organisation organization opdrachtgever initiatiefnemer owner eigenaar promoter"
    " bauherr auftraggeber petitionnaire maitre_ouvrage netbeheerder bronhouder beheerder authority local_authority"
    " collectivitelibelle uitvoerder aanvrager",
    Role.DISCIPLINE: "discipline soort type thema categorie category sparte gewerk nature kind soort_werk type_werk",
    Role.X: "x xcoord x_coordinaat xcoordinaat easting oost rd_x x_rd rdx centre_easting coord_x rechtswert x_lambert"
    " lambert_x",
    Role.Y: "y ycoord y_coordinaat ycoordinaat northing noord rd_y y_rd rdy centre_northing coord_y hochwert y_lambert"
    " lambert_y",
    Role.LATITUDE: "lat latitude breedtegraad breite breitengrad lattitude",
    Role.LONGITUDE: "lon lng long longitude lengtegraad laenge langengrad",
    Role.BESIDE_THE_POINT: "gewijzigd modified updated update created creation aangemaakt published publicatie"
    " published_date version versie erstellt geandert maj modification registratie generated generatedat insert"
    " statut_maj ingevoerd verification expiry werkelijk actual mutatie laatste besluit contract aanbesteding",
}
_HINTS = {role: frozenset(words.split()) for role, words in WORDS.items()}
_INSIDE = 5
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def plain_name(name: str) -> str:
    """Give a name without capitals and accents; words are joined by `_`, fields within fields by a dot."""
    text = unicodedata.normalize("NFKD", _CAMEL.sub("_", name)).encode("ascii", "ignore").decode().casefold()
    return re.sub(r"[^a-z0-9./]+", "_", text).strip("_.")


def fits(name: str, role: Role) -> float:
    """Tell how well a name fits a role, from 0 to 1.

    1 when the name, or that of the innermost field, is a known one; 0.7 when one of its words is; 0.4 when a known
    word stands inside it.
    """
    plain = plain_name(name)
    last = plain.rpartition(".")[2]
    hints = _HINTS[role]
    if hints & {plain, last, last.replace("_", "")}:
        return 1.0
    if hints.intersection(re.split(r"[_./]", last)):
        return 0.7
    if any(len(hint) >= _INSIDE and hint.replace("_", "") in last.replace("_", "") for hint in hints):
        return 0.4
    return 0.3 if hints.intersection(re.split(r"[_./]", plain)) else 0.0
