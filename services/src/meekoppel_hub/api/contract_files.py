"""The published files of the contracts: schemas, their manifest, the AsyncAPI document and the JSON Schemas."""

from __future__ import annotations

from importlib.resources import files
from os import PathLike, stat_result
from pathlib import Path
from typing import Final

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

PREFIX: Final = "/contracts"
_MEDIA_TYPES: Final = {
    ".avsc": "application/vnd.apache.avro+json",
    ".json": "application/json",
    ".yaml": "application/yaml",
}


class ContractFiles(StaticFiles):
    """Serves the files, with an ETag and the media types that their readers know; the manifest lists the schemas."""

    def __init__(self) -> None:
        super().__init__(directory=str(files("meekoppel_contracts") / "schemas"))

    def file_response(
        self, full_path: str | PathLike[str], stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """Answer with one file."""
        answer = super().file_response(full_path, stat_result, scope, status_code)
        answer.headers["Content-Type"] = _MEDIA_TYPES.get(Path(full_path).suffix, "text/plain; charset=utf-8")
        return answer
