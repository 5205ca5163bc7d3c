"""The body of an HTTP answer, unpacked by ourselves: httpx takes a packed body that was cut off for a whole one.

A file that is shorter than it should be would look as if plans had left the source. So a body that is packed with gzip
must reach its own end, and one that is packed in a way that was not asked for is refused.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import httpx

from meekoppel_connectors.errors import SourceAway, SourceError
from meekoppel_connectors.sources.http.settings import without_query

ACCEPT_ENCODING = "gzip"
CHUNK_BYTES = 256 * 1024
_GZIP = zlib.MAX_WBITS | 16
_AS_IT_IS = frozenset({"", "identity"})


def unpacked_body(answer: httpx.Response) -> Iterator[bytes]:
    """Give the body of an answer in pieces of bounded size.

    Raises:
        SourceError: when it is packed in a way that was not asked for, or cannot be unpacked.
        SourceAway: when it ends before its packed form does.
        httpx.HTTPError: when the connection fails.
    """
    packing = answer.headers.get("content-encoding", "").strip().lower()
    if packing in _AS_IT_IS:
        yield from answer.iter_raw(CHUNK_BYTES)
    elif packing in {"gzip", "x-gzip"}:
        yield from _unzipped(answer)
    else:
        raise SourceError(_place(answer), f"packs its answer as {packing}, and was asked for {ACCEPT_ENCODING}")


def _unzipped(answer: httpx.Response) -> Iterator[bytes]:
    inflate = None
    for packed in answer.iter_raw(CHUNK_BYTES):
        while packed:
            inflate = zlib.decompressobj(_GZIP) if inflate is None or inflate.eof else inflate
            try:
                yield inflate.decompress(packed, CHUNK_BYTES)
            except zlib.error as error:
                raise SourceError(_place(answer), f"sends a body that cannot be unpacked: {error}") from error
            packed = inflate.unconsumed_tail or inflate.unused_data
    if inflate is not None and not inflate.eof:
        raise SourceAway(_place(answer), "broke off its answer: what came is packed, and lacks its end")


def _place(answer: httpx.Response) -> str:
    return without_query(str(answer.url))
