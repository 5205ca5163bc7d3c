from __future__ import annotations

import socket

import pytest

from meekoppel_hub.api import create_api
from meekoppel_hub.api.service import _listen, serving
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.settings import HubSettings


async def test_a_port_in_use_is_one_clear_sentence(sqlite_database):
    app = create_api(sqlite_database, HubSettings())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(SettingsError, match=f"cannot listen on 127.0.0.1:{port}.*MEEKOPPEL_API_PORT"):
            async with serving(app, "127.0.0.1", port):
                pass


async def test_the_port_is_free_again_afterwards(sqlite_database):
    app = create_api(sqlite_database, HubSettings())
    async with serving(app, "127.0.0.1", 0) as address:
        port = int(address.rsplit(":", 1)[1])

    with socket.socket() as again:
        again.bind(("127.0.0.1", port))


async def test_a_database_that_is_away_is_said_in_json(api, sqlite_database, monkeypatch):
    from meekoppel_hub.platform.database import Database
    from meekoppel_hub.platform.errors import TransientError

    def away(_self):
        raise TransientError("the database cannot be used now: connection refused at db.internal")

    monkeypatch.setattr(Database, "read", away)
    answer = await api.get("/plans")

    assert (answer.status, answer.error) == (503, "unavailable")
    assert "db.internal" not in answer.text


def test_the_listener_names_its_protocol_so_that_answers_are_sent_at_once():
    # asyncio sets TCP_NODELAY for connections whose socket says that it is TCP: without, answers wait for an ACK.
    listener = _listen("127.0.0.1", 0, shared=False)
    with listener:
        assert listener.proto == socket.IPPROTO_TCP


def test_a_shared_port_can_be_listened_on_by_several():
    with (
        _listen("127.0.0.1", 0, shared=True) as first,
        _listen("127.0.0.1", first.getsockname()[1], shared=True) as other,
    ):
        assert other.getsockname() == first.getsockname()
