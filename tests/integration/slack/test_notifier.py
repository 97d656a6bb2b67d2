"""Messages in the simulated Slack."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from bot.model.notifier import Busy, Gone, Posted
from bot.slack.client import web_client
from bot.slack.notifier import KEPT, UPDATES_AT_ONCE, SlackNotifier
from bot.texts import Texts
from provisioner.message import Message, Ref, RefKind
from sandbox.slack.rates import Rates
from sandbox.slack.simulator import SlackSimulator
from tests.fakes.clock import FakeClock
from tests.laws.notifier_laws import NotifierLaws, card, post

CHANNEL = "C0REQUEST1"
GENERAL = "C0GENERAL1"
MINA = "U0MINA001"


def group_id(handle: str) -> str | None:
    return {"workspace-admins": "S0ADMINS01"}.get(handle)


class SlackChat:
    channel = CHANNEL
    person = MINA

    def __init__(self, slack: SlackSimulator) -> None:
        self.slack = slack
        self.clock = FakeClock()
        self.now = datetime.now(UTC)
        client = web_client(SecretStr(slack.bot_token), f"{slack.url}/api/", within=5)
        self.notifier = SlackNotifier(
            client=client, texts=Texts(), group_id=group_id, timer=self.clock.elapsed
        )

    def inventory(self, channel: str) -> list[str]:
        return [
            one["text"] for one in self._messages(channel) if not one["thread_ts"] and not one["ephemeral"]
        ]

    def thread(self, at: Posted) -> list[str]:
        replies = (one for one in self._messages(at.channel) if one["thread_ts"] == at.ts != one["ts"])
        return [one["text"] for one in replies]

    def direct(self, person: str) -> list[str]:
        return [one["text"] for one in self.slack.dm(person)["messages"]]

    def whispers(self, channel: str, person: str) -> list[str]:
        return [one["text"] for one in self._messages(channel, person) if one["ephemeral"]]

    def lose_next_answer(self) -> None:
        self.slack.faults.lose_answer("chat.postMessage")

    def go_down(self) -> None:
        self.slack.faults.down()

    def come_back(self) -> None:
        self.slack.faults.up()

    def close(self, channel: str) -> None:
        self.slack.core.world.channels[channel].is_archived = True

    def _messages(self, channel: str, person: str = MINA) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.slack.channel(channel, person)["messages"]
        return found


@pytest.fixture
def chat(slack: SlackSimulator) -> SlackChat:
    return SlackChat(slack)


class TestSlackNotifier(NotifierLaws):
    @pytest.fixture
    def chat(self, slack: SlackSimulator) -> SlackChat:
        return SlackChat(slack)


def test_a_channel_that_is_not_there_says_how_to_mend_it(chat: SlackChat) -> None:
    with pytest.raises(Gone) as gone:
        chat.notifier.post("C0NOWHERE", card("first"), key="WSR-0001", language="en")

    assert str(gone.value.why) == (
        "I can't post in channel C0NOWHERE (channel_not_found). Create or unarchive the channel, "
        "then invite the bot with /invite."
    )


def test_a_channel_the_bot_was_not_invited_to_is_gone(chat: SlackChat) -> None:
    chat.slack.core.world.channels[GENERAL].members.discard("U0WORKSPC1")

    with pytest.raises(Gone, match="invite the bot"):
        chat.notifier.post(GENERAL, card("first"), key="WSR-0001", language="en")


def test_a_limit_says_how_long_to_wait(chat: SlackChat) -> None:
    chat.slack.faults.limit("chat.postMessage", retry_after=17)

    with pytest.raises(Busy) as busy:
        post(chat)

    assert busy.value.retry_after == 17


@pytest.mark.parametrize("error", ["internal_error", "fatal_error", "service_unavailable"])
def test_trouble_inside_slack_is_busy(chat: SlackChat, error: str) -> None:
    chat.slack.faults.fail("chat.postMessage", error)

    with pytest.raises(Busy):
        post(chat)


def test_a_revoked_token_is_busy_for_a_while_because_somebody_has_to_mend_it(chat: SlackChat) -> None:
    chat.slack.faults.fail("chat.postMessage", "token_revoked")

    with pytest.raises(Busy) as busy:
        post(chat)

    assert busy.value.retry_after == 60


def test_blocks_that_slack_does_not_take_are_not_tried_for_ever(chat: SlackChat) -> None:
    chat.slack.faults.fail("chat.postMessage", "invalid_blocks")

    with pytest.raises(Gone, match="rejected this message"):
        post(chat)


def test_updates_stay_below_slacks_limit(chat: SlackChat) -> None:
    at = post(chat)
    for number in range(UPDATES_AT_ONCE):
        chat.notifier.update(at, card(f"{number}"), key="WSR-0001", language="en")

    with pytest.raises(Busy) as busy:
        chat.notifier.update(at, card("too soon"), key="WSR-0001", language="en")

    chat.clock.pass_by(busy.value.retry_after)
    chat.notifier.update(at, card("in time"), key="WSR-0001", language="en")
    assert chat.inventory(CHANNEL) == ["in time"]


def test_what_is_kept_for_the_urgent_makes_the_others_wait_and_soon_ask_again(chat: SlackChat) -> None:
    at = post(chat)
    for number in range(UPDATES_AT_ONCE - KEPT):
        chat.notifier.update(at, card(f"{number}"), key="WSR-0001", language="en", urgent=False)

    with pytest.raises(Busy) as busy:
        chat.notifier.update(at, card("progress"), key="WSR-0001", language="en", urgent=False)
    for number in range(KEPT):
        chat.notifier.update(at, card(f"end {number}"), key="WSR-0001", language="en")
    with pytest.raises(Busy) as later:
        chat.notifier.update(at, card("progress"), key="WSR-0001", language="en", urgent=False)

    assert busy.value.retry_after <= 2
    assert later.value.retry_after <= 2


def test_a_message_is_found_many_pages_back() -> None:
    slack = SlackSimulator(rates=Rates.OFF)
    slack.start()
    chat = SlackChat(slack)
    at = post(chat)
    for number in range(450):
        slack.message("admin", CHANNEL, f"talk {number}")

    found = chat.notifier.find(CHANNEL, "WSR-0001", since=chat.now - timedelta(hours=1))

    slack.stop()
    assert found == at


def test_groups_and_people_are_mentioned_and_nothing_is_unfurled(chat: SlackChat) -> None:
    said = Message(
        "{who} asks {group}",
        who=Ref(RefKind.PERSON, MINA),
        group=Ref(RefKind.GROUP, "workspace-admins"),
    )
    at = post(chat)

    chat.notifier.reply(at, said, key="WSR-0001/1", language="en", mention=("U0BOB0001", "nobody"))

    assert chat.thread(at) == [f"<@U0BOB0001> <@{MINA}> asks <!subteam^S0ADMINS01>"]
    sent = [entry["arguments"] for entry in chat.slack.journal() if entry["method"] == "chat.postMessage"]
    assert all(one["unfurl_links"] is False and one["unfurl_media"] is False for one in sent)


def test_no_token_is_in_an_error(chat: SlackChat) -> None:
    chat.slack.faults.fail("chat.postMessage", "token_revoked")

    with pytest.raises(Busy) as busy:
        post(chat)

    assert chat.slack.bot_token not in f"{busy.value!r} {busy.value.__cause__!r}"
