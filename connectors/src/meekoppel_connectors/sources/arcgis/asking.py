"""Asking an ArcGIS layer: an error may come as an answer of status 200, and an answer may be cut off without one.

So the ids of all features are asked for first (there is no limit to those), their number is held against the one that
the layer counts, and every page is asked for by its ids and held against them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from meekoppel_connectors.errors import SourceAway, SourceError
from meekoppel_connectors.secrets import without_secrets
from meekoppel_connectors.sources.arcgis.layer import Layer, read_layer
from meekoppel_connectors.sources.arcgis.settings import ArcGisSettings
from meekoppel_connectors.sources.http.client import HttpReader

_NO_TOKEN = {401, 403, 498, 499}
_MAY_PASS = {429, 500, 502, 503, 504}
_LONG = 1500
"""Of a question in characters; a longer one is posted."""

Feature = Mapping[str, Any]
Page = tuple[Mapping[str, Any], list[Feature]]


class _CannotAnswerError(SourceAway):
    """The server failed at a question; a smaller one may do."""


class LayerReader:
    """Reads one layer."""

    def __init__(self, http: HttpReader, settings: ArcGisSettings) -> None:
        self._http = http
        self._settings = settings
        self._query = f"{settings.layer}/query"

    def layer(self) -> Layer:
        """Ask the layer about itself.

        Raises:
            SourceError: when it is none, or says no.
            SourceAway: when it does not answer.
        """
        return read_layer(self._ask(self._settings.layer, {}), self._settings.place)

    def ids(self, layer: Layer, where: str) -> list[int]:
        """Give the ids of all features that meet a condition, in their order.

        Raises:
            SourceAway: also when the layer counts more than it gives ids, since it is just being changed.
        """
        count = self.count(where)
        said = self._ask(self._query, {"where": where, "returnIdsOnly": "true"})
        ids = sorted(int(each) for each in said.get("objectIds") or [])
        if len(ids) < count and len(ids) < self.count(where):
            raise SourceAway(layer.place, f"counts {count:,} features, but gives the ids of {len(ids):,} only")
        return ids

    def pages(self, layer: Layer, where: str, ids: Sequence[int]) -> Iterator[Page]:
        """Read features page by page, in the order of their ids; those that are gone by now are left out.

        Yields:
            What stands around the features (such as their spatial reference), and the features.

        Raises:
            SourceError: when the layer says no, or gives another feature than it counts.
            SourceAway: when it does not answer, or leaves out features that it still has.
        """
        size = min(self._settings.page_size, layer.page)
        for start in range(0, len(ids), size):
            yield from self._page(layer, where, ids[start : start + size])

    def _page(self, layer: Layer, where: str, ids: Sequence[int]) -> Iterator[Page]:
        said = None
        try:
            said = self._features(layer, where, ids)
        except _CannotAnswerError:
            if len(ids) == 1:
                raise
        if said is None or said.get("exceededTransferLimit"):
            if len(ids) == 1:
                raise SourceError(layer.place, f"cannot give feature {ids[0]} as a whole; it is too large for it")
            middle = len(ids) // 2
            yield from self._page(layer, where, ids[:middle])
            yield from self._page(layer, where, ids[middle:])
            return
        features = self._those(layer, said, ids)
        self._refuse_left_out(layer, where, set(ids) - {_id(layer, each) for each in features})
        yield said, features

    def _features(self, layer: Layer, where: str, ids: Sequence[int]) -> Mapping[str, Any]:
        fields = dict.fromkeys([*self._settings.out_fields, layer.object_id]) if self._settings.out_fields else ["*"]
        if self._settings.out_fields and self._settings.cursor:
            fields = dict.fromkeys([*fields, self._settings.cursor.time])
        asked = {
            "where": f"({where}) AND {layer.object_id} >= {ids[0]} AND {layer.object_id} <= {ids[-1]}",
            "outFields": ",".join(fields),
            "returnGeometry": "true" if layer.spatial_reference is not None else "false",
            "returnTrueCurves": "false",
            "returnZ": "false",
            "returnM": "false",
        }
        if self._settings.out_sr is not None:
            asked["outSR"] = str(self._settings.out_sr)
        return self._ask(self._query, asked)

    def _those(self, layer: Layer, said: Mapping[str, Any], ids: Sequence[int]) -> list[Feature]:
        """Give the features that were asked for; what came between them since then is left for the next run."""
        wanted = set(ids)
        features = said.get("features")
        if not isinstance(features, list):
            raise SourceError(layer.place, "answers without features")
        return sorted((each for each in features if _id(layer, each) in wanted), key=lambda each: _id(layer, each))

    def _refuse_left_out(self, layer: Layer, where: str, missing: set[int]) -> None:
        if not missing:
            return
        still = f"({where}) AND {layer.object_id} IN ({','.join(map(str, sorted(missing)))})"
        if count := self.count(still):
            raise SourceAway(layer.place, f"leaves out {count:,} features that it says it has, such as {min(missing)}")

    def count(self, where: str) -> int:
        """Count the features that meet a condition.

        Raises:
            SourceError: when the layer says no.
            SourceAway: when it does not answer.
        """
        return int(self._ask(self._query, {"where": where, "returnCountOnly": "true"}).get("count") or 0)

    def _ask(self, address: str, asked: Mapping[str, str]) -> Mapping[str, Any]:
        question = {**asked, "f": "json"}
        if sum(map(len, question.values())) > _LONG:
            said = self._http.get(address, form=question).json()
        else:
            said = self._http.get(address, params=question).json()
        if not isinstance(said, dict):
            raise SourceError(self._settings.place, "answers with something that is no answer of ArcGIS")
        if "error" in said:
            raise _failure(self._settings.place, said["error"])
        return said


def _id(layer: Layer, feature: Feature) -> int:
    found = (feature.get("attributes") or {}).get(layer.object_id)
    if found is None:
        raise SourceError(layer.place, f"gives a feature without {layer.object_id}")
    return int(found)


def _failure(place: str, error: Any) -> SourceError | SourceAway:
    error = error if isinstance(error, dict) else {"message": str(error)}
    code = int(error.get("code") or 0)
    words = [str(error.get("message") or ""), *(str(each) for each in error.get("details") or [])]
    said = without_secrets(": ".join(dict.fromkeys(word.strip() for word in words if word.strip()))) or "no reason"
    if code in _NO_TOKEN:
        return SourceError(
            place,
            f"wants another proof of who asks ({code}, {said}); set source.auth: {{kind: query, name: token, "
            "secret_variable: …}, or renew the token",
        )
    if code == 429:
        return SourceAway(place, f"says that it is too busy ({code}, {said})")
    if code in _MAY_PASS:
        return _CannotAnswerError(place, f"fails at the question ({code}, {said})")
    return SourceError(place, f"refuses the question ({code}, {said}); check source.url, where and out_fields")
