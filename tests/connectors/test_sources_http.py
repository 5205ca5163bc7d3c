from __future__ import annotations

import base64
import functools
import gzip
import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from meekoppel_connectors.errors import Fatal, SourceAway, SourceError
from meekoppel_connectors.secrets import read_secret, without_secrets
from meekoppel_connectors.sources.http.client import USER_AGENT, HttpReader, Validators
from meekoppel_connectors.sources.http.failures import retry_after
from meekoppel_connectors.sources.http.settings import HttpSettings, without_query
from tests.connectors.web import Asked, Reply, Web, endless, web

SECRET = "s3cret-of-the-test"
BASIC = base64.b64encode(f"jan:{SECRET}".encode()).decode()


@pytest.fixture
def site() -> Iterator[Web]:
    with web() as served:
        yield served


def reader(site: Web, **settings: Any) -> HttpReader:
    return HttpReader(f"{site.url}/plans", HttpSettings.model_validate(settings))


def test_a_page_is_fetched_with_parameters_and_a_name(site: Web) -> None:
    site.pages["/plans"] = b'{"rows": 2}'
    with reader(site) as http:
        answer = http.get(f"{site.url}/plans?a=1", params={"limit": "10"})
    assert answer.json() == {"rows": 2}
    assert site.asked[0].query == {"a": "1", "limit": "10"}
    assert site.asked[0].headers["user-agent"] == USER_AGENT


def test_a_long_question_is_sent_by_post(site: Web) -> None:
    site.pages["/plans"] = lambda asked: Reply(asked.method.encode() + b" " + asked.body)
    with reader(site) as http:
        assert http.get(f"{site.url}/plans", form={"ids": "1,2"}).content == b"POST ids=1%2C2"


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ({"kind": "basic", "username": "jan"}, "authorization", f"Basic {BASIC}"),
        ({"kind": "bearer"}, "authorization", f"Bearer {SECRET}"),
        ({"kind": "header", "name": "X-Api-Key"}, "x-api-key", SECRET),
    ],
)  # fmt: skip
def test_the_secret_goes_along_in_a_header(
    site: Web, monkeypatch: pytest.MonkeyPatch, auth: dict[str, str], header: str, value: str
) -> None:
    monkeypatch.setenv("PLANS_SECRET", SECRET)
    site.pages["/plans"] = b"{}"
    with reader(site, auth=auth | {"secret_variable": "PLANS_SECRET"}) as http:
        http.get(f"{site.url}/plans")
    assert site.asked[0].headers[header] == value


def test_a_key_in_the_query_is_shown_in_no_message(site: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANS_SECRET", SECRET)
    site.pages["/plans"] = lambda asked: Reply(f"no right for {asked.query['key']}".encode(), 403)
    auth = {"kind": "query", "name": "key", "secret_variable": "PLANS_SECRET"}
    with (
        reader(site, auth=auth) as http,
        pytest.raises(SourceError, match=r"403 Forbidden: no right for \*\*\*;") as caught,
    ):
        http.get(f"{site.url}/plans")
    assert SECRET not in str(caught.value)
    assert site.asked[0].query == {"key": SECRET}


def test_a_secret_that_is_not_set_is_named(site: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PLANS_SECRET", raising=False)
    with pytest.raises(Fatal, match=r"environment variable PLANS_SECRET, which source\.auth\.secret_variable names"):
        reader(site, auth={"kind": "bearer", "secret_variable": "PLANS_SECRET"})


def test_secrets_that_were_read_are_taken_out_of_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANS_SECRET", SECRET)
    read_secret("PLANS_SECRET")
    assert without_secrets(f"token={SECRET}.") == "token=***."


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_server_is_away_for_as_long_as_it_says(site: Web, status: int) -> None:
    site.pages["/plans"] = Reply(b"<h1>later</h1>", status, {"Retry-After": "120"})
    with reader(site) as http, pytest.raises(SourceAway, match=rf"{status} .*: later") as caught:
        http.get(f"{site.url}/plans")
    assert caught.value.retry_after_seconds == 120


@pytest.mark.parametrize(("status", "advice"), [(401, "source.auth"), (404, "check the address"), (400, "400 Bad")])
def test_a_refusal_is_for_a_person(site: Web, status: int, advice: str) -> None:
    site.pages["/plans"] = Reply(b"", status)
    with reader(site) as http, pytest.raises(SourceError, match=advice):
        http.get(f"{site.url}/plans?secret=1")


def test_a_wait_may_be_written_as_a_moment() -> None:
    now = datetime(2026, 4, 1, 12, tzinfo=UTC)
    assert retry_after("Wed, 01 Apr 2026 12:01:30 GMT", now) == 90
    assert retry_after("Wed, 01 Apr 2026 11:00:00 GMT", now) == 0
    assert retry_after("soon") is None


def test_a_server_that_is_not_there_may_be_there_later() -> None:
    with web() as gone:
        pass
    with reader(gone) as http, pytest.raises(SourceAway, match="cannot be reached"):
        http.get(f"{gone.url}/plans")


def test_a_server_that_is_silent_is_away(site: Web) -> None:
    site.pages["/plans"] = Reply(b"{}", pause_seconds=5)
    with reader(site, timeout_seconds=0.2) as http, pytest.raises(SourceAway, match="does not answer in time"):
        http.get(f"{site.url}/plans")


def test_an_answer_that_breaks_off_is_not_taken_for_whole(site: Web, tmp_path: Path) -> None:
    site.pages["/plans"] = Reply(b"half", declared_length=1000)
    with reader(site) as http:
        with pytest.raises(SourceAway, match="broke off"):
            http.get(f"{site.url}/plans")
        with pytest.raises(SourceAway, match="broke off"):
            http.download(f"{site.url}/plans", tmp_path / "plans")


def test_an_answer_without_end_is_refused_at_the_limit(site: Web, tmp_path: Path) -> None:
    site.pages["/plans"] = lambda _: Reply(chunks=endless(b"x" * 100_000))
    with reader(site, limit_mb=2) as http, pytest.raises(SourceError, match=r"more than 2 MB; raise source\.limit_mb"):
        http.download(f"{site.url}/plans", tmp_path / "plans")
    assert (tmp_path / "plans").stat().st_size <= 2 * 1024 * 1024


def test_a_packed_body_that_is_cut_off_is_no_shorter_answer(site: Web) -> None:
    packed = gzip.compress(b"".join(b"%d;Laan\n" % number for number in range(50_000)))
    site.pages["/plans"] = Reply(packed[:-2000], headers={"Content-Encoding": "gzip"})
    with reader(site) as http, pytest.raises(SourceAway, match="broke off its answer: what came is packed"):
        http.get(f"{site.url}/plans")


def test_a_body_packed_in_several_members_is_read_whole(site: Web) -> None:
    body = gzip.compress(b"a" * 700_000) + gzip.compress(b"b")
    site.pages["/plans"] = Reply(body, headers={"Content-Encoding": "gzip"})
    with reader(site) as http:
        assert http.get(f"{site.url}/plans").content == b"a" * 700_000 + b"b"


@pytest.mark.parametrize(("packing", "said"), [("br", "packs its answer as br"), ("gzip", "cannot be unpacked")])
def test_a_body_packed_as_nobody_asked_is_refused(site: Web, packing: str, said: str) -> None:
    site.pages["/plans"] = Reply(b"id;titel", headers={"Content-Encoding": packing})
    with reader(site) as http, pytest.raises(SourceError, match=said):
        http.get(f"{site.url}/plans")


def test_a_failure_of_which_the_explanation_is_damaged_stays_that_failure(site: Web) -> None:
    site.pages["/plans"] = Reply(b"busy", 503, headers={"Content-Encoding": "br"})
    with reader(site) as http, pytest.raises(SourceAway, match=r"answers 503 Service Unavailable$"):
        http.get(f"{site.url}/plans")


def test_a_redirect_to_an_impossible_port_is_said_in_a_sentence(site: Web) -> None:
    site.pages["/plans"] = Reply(b"", 302, headers={"Location": "http://127.0.0.1:99999999/"})
    with reader(site) as http, pytest.raises(SourceError, match="is no address that can be asked"):
        http.get(f"{site.url}/plans")


def test_an_address_with_an_impossible_port_is_refused() -> None:
    with pytest.raises(ValidationError, match="is no address"):
        HttpSettings.model_validate({"trusted_origins": ["https://example.org:99999999"]})


def test_json_nested_without_end_is_said_in_a_sentence(site: Web) -> None:
    site.pages["/plans"] = b"[" * 100_000
    with reader(site) as http, pytest.raises(SourceError, match="is no JSON, beginning with"):
        http.get(f"{site.url}/plans").json()


def test_the_limit_counts_what_is_unpacked(site: Web) -> None:
    site.pages["/plans"] = Reply(gzip.compress(bytes(10_000_000)), headers={"Content-Encoding": "gzip"})
    with reader(site, limit_mb=2) as http, pytest.raises(SourceError, match="more than 2 MB"):
        http.get(f"{site.url}/plans")


def test_an_answer_that_drips_is_given_up(site: Web) -> None:
    site.pages["/plans"] = lambda _: Reply(chunks=endless(b"x" * 300_000))
    hours = iter(range(0, 100_000, 1800))
    http = HttpReader(site.url, HttpSettings(), clock=lambda: float(next(hours)))
    with http, pytest.raises(SourceAway, match="still answering after 60 minutes"):
        http.get(f"{site.url}/plans")


def test_a_redirect_within_the_server_is_followed(site: Web) -> None:
    site.pages["/plans"] = Reply(status=302, headers={"Location": "/new?x=1"})
    site.pages["/new"] = b'"here"'
    with reader(site) as http:
        assert http.get(f"{site.url}/plans").json() == "here"


def test_a_redirect_without_end_is_an_error(site: Web) -> None:
    site.pages["/plans"] = Reply(status=302, headers={"Location": "/plans"})
    with reader(site) as http, pytest.raises(SourceError, match="redirects more than 10 times"):
        http.get(f"{site.url}/plans")


def test_another_server_is_asked_only_when_it_is_trusted_and_never_gets_the_secret(
    site: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANS_SECRET", SECRET)
    auth = {"kind": "basic", "username": "jan", "secret_variable": "PLANS_SECRET"}
    with web() as other:
        other.pages["/blob"] = b'"elsewhere"'
        site.pages["/plans"] = Reply(status=307, headers={"Location": f"{other.url}/blob?signature=abc"})
        with (
            reader(site, auth=auth) as http,
            pytest.raises(SourceError, match=r"another server.*trusted_origins"),
        ):
            http.get(f"{site.url}/plans")
        assert other.asked == []
        with reader(site, auth=auth, trusted_origins=[other.url]) as http:
            assert http.get(f"{site.url}/plans").json() == "elsewhere"
        assert "authorization" not in other.asked[0].headers


def test_a_file_that_did_not_change_is_not_sent_again(site: Web, tmp_path: Path) -> None:
    def page(asked: Asked) -> Reply:
        same = asked.headers.get("if-none-match") == '"v1"'
        return Reply(status=304) if same else Reply(b"rows", headers={"ETag": '"v1"'})

    site.pages["/plans"] = page
    with reader(site) as http:
        known = http.download(f"{site.url}/plans", tmp_path / "first")
        assert known == Validators(etag='"v1"')
        assert http.download(f"{site.url}/plans", tmp_path / "second", known) is None
    assert (tmp_path / "first").read_bytes() == b"rows"
    assert not (tmp_path / "second").exists()


def test_no_change_is_no_answer_to_a_question_that_did_not_ask_for_changes(site: Web) -> None:
    site.pages["/plans"] = Reply(status=304)
    with reader(site) as http, pytest.raises(SourceError, match="304"):
        http.get(f"{site.url}/plans", headers={"Accept": "application/json"})


def test_something_else_than_json_is_said(site: Web) -> None:
    site.pages["/plans"] = b"<html>Please log in</html>"
    with reader(site) as http, pytest.raises(SourceError, match="no JSON, beginning with '<html>Please"):
        http.get(f"{site.url}/plans").json()


def test_a_certificate_of_an_unknown_authority_is_no_reason_to_try_again(tmp_path: Path) -> None:
    with https_server(tmp_path) as address:
        with HttpReader(address, HttpSettings()) as http, pytest.raises(SourceError, match="cannot be trusted"):
            http.get(address)
        trusting = HttpSettings(ca_file=tmp_path / "certificate.pem")
        with HttpReader(address, trusting) as http:
            assert http.get(f"{address}/certificate.pem").content.startswith(b"-----BEGIN")


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(ValidationError) as caught:
        HttpSettings.model_validate({"trusted_origins": [f"https://jan:{SECRET}@host"]})
    assert SECRET not in json.dumps(caught.value.errors(include_url=False, include_input=False, include_context=False))
    assert without_query(f"https://jan:{SECRET}@host:1/a?b={SECRET}") == "https://host:1/a"


@contextmanager
def https_server(folder: Path) -> Iterator[str]:
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(SimpleHTTPRequestHandler, directory=folder))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
