import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from standardwebhooks import Webhook
from typer.testing import CliRunner

from meekoppel_contracts.codes import OrganisationKind
from meekoppel_hub.cli.subscriptions import app, deliveries_app
from meekoppel_hub.platform.database import open_database
from meekoppel_hub.platform.database.create import create_tables
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.organisations import register_organisation
from meekoppel_hub.platform.settings import HubSettings

run = CliRunner()


@pytest.fixture
def hub(tmp_path, monkeypatch):
    monkeypatch.setenv("MEEKOPPEL_DATA_FOLDER", str(tmp_path))
    monkeypatch.delenv("MEEKOPPEL_DATABASE_URL", raising=False)
    monkeypatch.setenv("MEEKOPPEL_ALLOW_PRIVATE_WEBHOOKS", "true")
    database = open_database(HubSettings().sqlalchemy_url())
    create_tables(database, 28992)
    register_organisation(database, "org-a", "Org A", OrganisationKind.MUNICIPALITY)
    yield database
    database.close()


@pytest.fixture
def receiver():
    """A receiver in a thread: the command runs its own event loop."""
    requests = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            requests.append((dict(self.headers.items()), body))
            self.send_response(404 if "missing" in self.path else 204)
            self.end_headers()

        def log_message(self, *_):
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", requests
    server.shutdown()
    thread.join()
    server.server_close()


def add(url, *options):
    result = run.invoke(app, ["add", "--organisation", "org-a", "--url", url, *(options or ("--own-overlaps",))])
    assert result.exit_code == 0, result.output
    return re.search(r"sub_\w+", result.output)[0], re.search(r"whsec_\S+", result.output)[0]


def test_a_subscription_is_added_listed_shown_paused_resumed_and_removed(hub):
    subscription, _ = add("http://127.0.0.1:9/")
    assert [each["subscription_id"] for each in json.loads(run.invoke(app, ["list", "--json"]).output)] == [
        subscription
    ]
    for command, state in (("pause", "paused"), ("resume", "active"), ("remove", "removed")):
        assert run.invoke(app, [command, subscription]).exit_code == 0
        assert json.loads(run.invoke(app, ["show", subscription]).output)["state"] == state
    assert json.loads(run.invoke(app, ["list", "--json"]).output) == []


def test_the_secret_is_shown_once(hub):
    subscription, secret = add("http://127.0.0.1:9/")
    assert secret not in run.invoke(app, ["show", subscription]).output
    assert secret not in run.invoke(app, ["list", "--json"]).output


def test_an_area_can_be_given_as_a_box(hub):
    subscription, _ = add("http://127.0.0.1:9/", "--bbox", "0,0,100,50")
    assert json.loads(run.invoke(app, ["show", subscription]).output)["box"] == [0, 0, 100, 50]


@pytest.mark.parametrize(
    "options", [("--bbox", "1,2,3"), ("--bbox", "a,b,c,d"), ("--area", "nowhere.geojson"), ("--name", "")]
)
def test_bad_input_is_refused_in_one_sentence(hub, options):
    result = run.invoke(app, ["add", "--organisation", "org-a", "--url", "http://127.0.0.1:9/", *options])
    assert isinstance(result.exception, SettingsError)


def test_a_test_event_arrives_signed(hub, receiver):
    url, requests = receiver
    subscription, secret = add(url)
    result = run.invoke(app, ["test", subscription])
    assert result.exit_code == 0
    assert "204" in result.output
    [(headers, body)] = requests
    assert Webhook(secret).verify(body, headers)["type"] == "nl.meekoppel.notification.test.v1"


def test_a_test_event_that_does_not_arrive_is_an_error(hub, receiver):
    subscription, _ = add(f"{receiver[0]}/missing")
    result = run.invoke(app, ["test", subscription])
    assert isinstance(result.exception, SettingsError)
    assert "404" in str(result.exception)


def test_deliveries_can_be_listed_retried_and_dropped(hub):
    subscription, _ = add("http://127.0.0.1:9/")
    assert json.loads(run.invoke(deliveries_app, ["list", "--json"]).output) == []
    assert "0 deliveries" in run.invoke(deliveries_app, ["retry", subscription]).output
    assert "0 deliveries" in run.invoke(deliveries_app, ["drop", subscription]).output


def test_an_unknown_subscription_is_named_in_the_error(hub):
    for command in (app, deliveries_app):
        result = run.invoke(command, ["pause" if command is app else "retry", "sub_nope"])
        assert "sub_nope" in str(result.exception)
