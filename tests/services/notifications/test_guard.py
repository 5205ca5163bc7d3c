import socket

import pytest
from aiohttp import web

from meekoppel_hub.notifications.guard import AddressRefused, GuardedResolver
from meekoppel_hub.notifications.send import Delivered, Failed, Post, Refused, Sender
from meekoppel_hub.platform.public_addresses import is_address_literal, is_public_address
from meekoppel_hub.platform.subscriptions import RefusedSubscription, check_webhook_url, new_secret

REFUSED = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.9",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2a00:1450:4001::5efe:127.0.0.1",
    "2a00:1450:4001:0:200:5efe:7f00:1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "2a00:1450:4001::1%1",
    "fec0::1",
    "ff02::1",
    "not an address",
    "",
]
ALLOWED = [
    "8.8.8.8",
    "145.222.1.1",
    "100.63.255.255",
    "100.128.0.1",
    "172.32.0.1",
    "2a00:1450:4001::1",
    "::ffff:8.8.8.8",
]


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_off_the_public_internet_is_refused(address):
    assert not is_public_address(address)


@pytest.mark.parametrize("address", ALLOWED)
def test_a_public_address_is_allowed(address):
    assert is_public_address(address)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "0", "127.0.0.1", "::1"])
def test_odd_forms_of_an_address_are_seen_as_addresses(host):
    assert is_address_literal(host)


@pytest.mark.parametrize("host", ["example.org", "127.0.0.1.example.org", "localhost", "1.2.3.4.5"])
def test_names_are_not_addresses(host):
    assert not is_address_literal(host)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/hook",
        "ftp://example.org/",
        "https://",
        "https://user:secret@example.org/",
        "https://example.org/#part",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://example.org:99999/",
        "https://[::1/",
        "https://example.org/" + "x" * 2000,
    ],
)
def test_a_url_that_may_not_be_called_is_refused_beforehand(url):
    with pytest.raises(RefusedSubscription):
        check_webhook_url(url)


def test_a_refusal_never_shows_credentials():
    with pytest.raises(RefusedSubscription) as refused:
        check_webhook_url("https://user:hunter2@example.org/")
    assert "hunter2" not in str(refused.value)


async def send(url, *, allow_private=False, lookup=None):
    options = {} if lookup is None else {"lookup": lookup}
    async with Sender(allow_private=allow_private, timeout_seconds=5, **options) as sender:
        return await sender.send(Post(url=url, secret=new_secret(), message_id="msg_1", body="{}"))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "127.1", "0"]
)
async def test_the_connection_itself_is_guarded_whatever_the_url_says(receiver, host):
    port = receiver.url.rsplit(":", 1)[1]
    outcome = await send(f"http://{host}:{port}/")
    assert isinstance(outcome, Refused)
    assert receiver.received == []


async def test_a_name_that_turns_private_after_it_was_checked_is_refused(receiver):
    port = int(receiver.url.rsplit(":", 1)[1])
    answers = iter(["8.8.8.8", "127.0.0.1"])
    resolver = GuardedResolver(allow_private=False, lookup=lambda *_: [(socket.AF_INET, next(answers))])
    assert [entry["host"] for entry in await resolver.resolve("rebind.example.org", port)] == ["8.8.8.8"]
    with pytest.raises(AddressRefused):
        await resolver.resolve("rebind.example.org", port)
    await resolver.close()


async def test_the_address_that_was_checked_is_the_one_that_is_connected(receiver):
    port = int(receiver.url.rsplit(":", 1)[1])
    asked = []

    def lookup(host, *_):
        asked.append(host)
        return [(socket.AF_INET, "127.0.0.1")]

    assert isinstance(await send(f"http://hooks.example.org:{port}/", lookup=lookup), Refused)
    assert receiver.received == []
    outcome = await send(f"http://hooks.example.org:{port}/", allow_private=True, lookup=lookup)
    assert isinstance(outcome, Delivered)
    assert asked == ["hooks.example.org"] * 2
    assert receiver.received[0].headers["host"] == f"hooks.example.org:{port}"


async def test_of_a_mixed_answer_only_the_public_addresses_are_used():
    mixed = [(socket.AF_INET, "10.0.0.1"), (socket.AF_INET, "8.8.8.8"), (socket.AF_INET6, "::1")]
    resolver = GuardedResolver(allow_private=False, lookup=lambda *_: mixed)
    assert [entry["host"] for entry in await resolver.resolve("example.org", 443)] == ["8.8.8.8"]
    await resolver.close()


async def test_a_name_that_does_not_resolve_is_tried_again_later():
    def unknown(host, port, family):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    assert isinstance(await send("http://nowhere.example.org/", lookup=unknown), Failed)
    assert isinstance(await send("http://nowhere.example.org/", lookup=lambda *_: []), Failed)


async def test_a_redirect_to_a_private_address_is_not_followed(receiver):
    async def redirect(_):
        return web.Response(status=302, headers={"location": f"{receiver.url}/inside"})

    receiver.answer = redirect
    outcome = await send(f"{receiver.url}/outside", allow_private=True)
    assert isinstance(outcome, Failed)
    assert outcome.status == 302
    assert [request.path for request in receiver.received] == ["/outside"]


async def test_the_proxy_of_the_environment_is_not_used(receiver, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert isinstance(await send(receiver.url, allow_private=True), Delivered)


async def test_private_addresses_are_called_when_the_hub_allows_them(receiver):
    assert isinstance(await send(receiver.url, allow_private=True), Delivered)
