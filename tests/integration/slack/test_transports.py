"""How Slack reaches the bot: many at once, what is not Slack's, and what breaks on the way."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from urllib.parse import urlencode

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.builtin.connection import ConnectionState

from bot.model.card import Card
from bot.requests.service import WorkspaceService
from bot.slack.transport import close
from sandbox.slack.rates import Rates
from sandbox.slack.simulator import SlackSimulator
from tests.builders import a_platform
from tests.integration.slack.stand import WITHIN, Stand

COMMAND = {
    "command": "/workspace",
    "text": "list",
    "user_id": "U0MINA001",
    "team_id": "T0MEERKAT",
    "channel_id": "C0GENERAL1",
    "trigger_id": "1.2.abc",
}
BODY = urlencode(COMMAND)
MINUTE = 60


def sent(stand: Stand, body: str | bytes, headers: dict[str, str]) -> int:
    return httpx.post(stand.url, content=body, headers=headers, trust_env=False, timeout=10).status_code


def signed(stand: Stand, body: str = BODY, *, at: float | None = None) -> dict[str, str]:
    headers = stand.slack.core.delivery.signed(body, at=at)
    return {**headers, "Content-Type": "application/x-www-form-urlencoded"}


def nothing_was_done(stand: Stand) -> bool:
    """No call to Slack followed, once a command after it has been answered."""
    stand.slack.command("outsider", "general", "/workspace list")
    stand.told("outsider", "No workspaces yet")
    return not any(
        entry.get("arguments", {}).get("user") == COMMAND["user_id"] for entry in stand.slack.journal()
    )


# --------------------------------------------------------------------------------------------- the end


class Forgetful(ConnectionState):
    """Forgets that it was told to end, once: as when slack-sdk's reader begins in that moment."""

    def __init__(self) -> None:
        self._told = 0

    @property
    def terminated(self) -> bool:
        return self._told > 1

    @terminated.setter
    def terminated(self, value: bool) -> None:
        self._told += value


class Hasty(SocketModeClient):
    """Its reader always begins in that moment."""

    @property
    def current_session_state(self) -> ConnectionState:
        return self._state

    @current_session_state.setter
    def current_session_state(self, _state: ConnectionState) -> None:
        self._state = Forgetful()


def test_a_socket_that_begins_to_read_in_the_moment_of_its_end_is_closed(slack: SlackSimulator) -> None:
    client = Hasty(slack.app_token, web_client=WebClient(base_url=f"{slack.url}/api/"))
    hello = Event()
    client.on_message_listeners.append(lambda _: hello.set())
    client.connect()
    assert hello.wait(10)

    assert close(client, within=10)


# --------------------------------------------------------------------------------- what is not Slack's


def test_a_signed_request_is_taken(stand: Stand) -> None:
    assert sent(stand, BODY, signed(stand)) == 200


def test_slacks_challenge_is_answered(stand: Stand) -> None:
    assert stand.slack.verify_url()


@pytest.mark.parametrize("header", ["X-Slack-Signature", "X-Slack-Request-Timestamp"])
def test_an_unsigned_request_does_nothing(stand: Stand, header: str) -> None:
    headers = signed(stand)
    del headers[header]

    assert sent(stand, BODY, headers) == 401
    assert nothing_was_done(stand)


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_stale_request_does_nothing(stand: Stand, minutes: int) -> None:
    at = stand.clock.now().timestamp() + minutes * MINUTE

    assert sent(stand, BODY, signed(stand, at=at)) == 401
    assert nothing_was_done(stand)


def test_an_altered_body_does_nothing(stand: Stand) -> None:
    assert sent(stand, BODY.replace("list", "help"), signed(stand)) == 401
    assert nothing_was_done(stand)


@pytest.mark.parametrize("timestamp", ["", "soon", "12e3", "-5", "١٢٣", "9" * 400])
def test_a_timestamp_that_is_no_number_does_nothing(stand: Stand, timestamp: str) -> None:
    headers = {**signed(stand), "X-Slack-Request-Timestamp": timestamp}
    raw = {name.encode(): value.encode() for name, value in headers.items()}

    status = httpx.post(stand.url, content=BODY, headers=raw, trust_env=False).status_code

    assert status == 401
    assert nothing_was_done(stand)


def test_bytes_that_are_no_text_do_nothing(stand: Stand) -> None:
    assert sent(stand, b"\xff\xfe", signed(stand)) == 401


def test_the_same_request_again_does_nothing(stand: Stand) -> None:
    headers = signed(stand)
    assert sent(stand, BODY, headers) == 200

    assert sent(stand, BODY, headers) == 401


def test_slacks_own_second_delivery_is_taken(stand: Stand) -> None:
    now = stand.clock.now().timestamp()
    body = json.dumps({"type": "event_callback", "event_id": "Ev1", "event": {"type": "message"}})
    headers = {"Content-Type": "application/json", "X-Slack-Retry-Num": "1"}

    first = sent(stand, body, {**signed(stand, body, at=now - 1), **headers})
    again = sent(stand, body, {**signed(stand, body, at=now), **headers})

    assert (first, again) == (200, 200)


def test_more_than_slack_ever_sends_is_not_read(stand: Stand) -> None:
    assert sent(stand, b"x" * 1_100_000, signed(stand)) == 413


def test_signed_nonsense_is_refused(stand: Stand) -> None:
    assert sent(stand, "{", signed(stand, "{")) == 400


@pytest.mark.parametrize("path", ["/", "/slack/events/x", "/docs"])
def test_there_is_one_address_only(stand: Stand, path: str) -> None:
    address = stand.url.replace("/slack/events", path)

    assert httpx.post(address, content="x", trust_env=False).status_code == 404


# -------------------------------------------------------------------------------------- many at once


@pytest.fixture(params=["socket", "http"])
def busy(request: pytest.FixtureRequest, tmp_path: Path, tables: Path) -> Iterator[Stand]:
    """Without limits on rates, and with time: Slack, bot and two hundred people share one process here."""
    slack = SlackSimulator(rates=Rates.OFF, ack_within=20)
    slack.start()
    stand = Stand(slack, tmp_path, tables, http=request.param == "http")
    stand.start()
    yield stand
    stand.stop()
    slack.stop()


@pytest.mark.long
def test_two_hundred_commands_at_once_are_all_acknowledged(busy: Stand) -> None:
    lines = ["/workspace create alpha", "/workspace creat", "/workspace list", "/workspace status alpha"] * 50

    def type_it(line: str) -> bool:
        return bool(busy.slack.command("requester", "general", line)["acknowledged"])

    with ThreadPoolExecutor(200) as people:
        acknowledged = list(people.map(type_it, lines))

    assert acknowledged == [True] * 200


@pytest.mark.long
def test_a_slow_slack_slows_no_acknowledgement(stand: Stand) -> None:
    stand.slack.faults.delay("users.info", 3.3, times=0)

    with ThreadPoolExecutor(20) as people:
        seen = list(
            people.map(lambda _: stand.slack.command("requester", "general", "/workspace"), range(20))
        )

    assert all(one["acknowledged"] for one in seen)
    stand.slack.faults.clear()


class Hanging(WorkspaceService):
    """Answers no `list` before `go`."""

    def __init__(self, stand: Stand, go: Event) -> None:
        super().__init__(
            units=stand.database.unit,
            reads=stand.database.reader,
            platform=a_platform(),
            clock=stand.clock,
            locks=stand.database.locks(),
            wake=lambda *_: None,
        )
        self._go = go

    def list(self, page: int = 1, command: str = "list") -> Card:
        self._go.wait(WITHIN)
        return super().list(page, command)


@pytest.mark.parametrize("transport", ["socket", "http"])
def test_answers_that_hang_hold_no_acknowledgement_back(transport: str, tmp_path: Path, tables: Path) -> None:
    slack = SlackSimulator(rates=Rates.OFF, ack_within=WITHIN)
    slack.start()
    stand = Stand(slack, tmp_path, tables, http=transport == "http")
    go = Event()
    stand.service = Hanging(stand, go)
    stand.start()

    with ThreadPoolExecutor(50) as people:
        seen = list(people.map(lambda _: slack.command("requester", "general", "/workspace list"), range(50)))
    go.set()
    stand.stop()

    assert all(one["acknowledged"] for one in seen)
    assert len(stand.private("requester")) == 50
    slack.stop()


def test_the_whole_way_works(busy: Stand) -> None:
    at = busy.requested()

    busy.slack.click("admin", action_id="ws.req.approve", ts=at.ts)

    busy.eventually(lambda: busy.request().status.value == "approved")
    assert busy.app.connected()


def test_a_click_delivered_twice_decides_once(busy: Stand) -> None:
    at = busy.requested()
    busy.slack.faults.duplicate("interactive")

    busy.slack.click("admin", action_id="ws.req.approve", ts=at.ts)
    busy.eventually(lambda: busy.request().decisions)
    busy.slack.click("second-admin", action_id="ws.req.approve", ts=at.ts)

    busy.told("second-admin", "Nothing changed.", "workspace-requests")
    assert len(busy.request().decisions) == 1


# ------------------------------------------------------------------------------------------- sockets


@pytest.fixture
def socket(slack: SlackSimulator, tmp_path: Path, tables: Path) -> Iterator[Stand]:
    stand = Stand(slack, tmp_path, tables)
    yield stand
    stand.stop()


@pytest.mark.long
def test_a_slack_that_is_down_at_the_start_is_waited_for(socket: Stand) -> None:
    socket.slack.faults.down()
    socket.start(wait=False)
    assert not socket.app.connected()

    socket.slack.faults.up()

    socket.slack.until(socket.slack.connected)
    assert socket.slack.command("requester", "general", "/workspace")["acknowledged"]


@pytest.mark.long
@pytest.mark.parametrize("cut", ["cut_sockets", "disconnect"])
def test_a_lost_socket_is_opened_again(socket: Stand, cut: str) -> None:
    socket.start()

    getattr(socket.slack, cut)()

    socket.slack.until(
        lambda: socket.slack.command("requester", "general", "/workspace")["acknowledged"], within=20
    )


def test_an_event_redelivered_over_the_socket_is_answered_once(socket: Stand) -> None:
    socket.start()
    socket.slack.faults.duplicate("events_api")

    socket.slack.message("requester", "dm", "help")
    socket.answered("requester", "Type /workspace create")
    socket.slack.message("requester", "dm", "list")

    socket.answered("requester", "No workspaces yet")
    helped = [one for one in socket.slack.dm("requester")["messages"] if "Type /workspace" in one["text"]]
    assert len(helped) == 1


def test_no_secret_is_logged(
    socket: Stand, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    socket.start()
    socket.slack.command("requester", "general", "/workspace")
    socket.told("requester", "Type /workspace create")
    socket.slack.faults.down()
    socket.slack.faults.up()

    written = caplog.text + "".join(capsys.readouterr())
    for secret in (socket.slack.bot_token, socket.slack.app_token, socket.slack.signing_secret):
        assert secret not in written
