"""What every way out to people keeps, whatever carries the messages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

import pytest

from bot.model.card import Card, Paragraph
from bot.model.notifier import Busy, Gone, Notifier, Posted
from provisioner.message import Message


class Chat(Protocol):
    """A chat under the laws, and somebody who looks at it."""

    @property
    def notifier(self) -> Notifier: ...

    @property
    def channel(self) -> str: ...

    @property
    def person(self) -> str: ...  # an id

    @property
    def now(self) -> datetime: ...

    def inventory(self, channel: str) -> list[str]:
        """The texts that stand in the channel itself, oldest first."""
        ...

    def thread(self, at: Posted) -> list[str]:
        """The texts in the thread of that message, oldest first."""
        ...

    def direct(self, person: str) -> list[str]:
        """What the bot said to that person alone, in direct messages."""
        ...

    def whispers(self, channel: str, person: str) -> list[str]:
        """What only that person sees in the channel."""
        ...

    def lose_next_answer(self) -> None:
        """The next call is carried out, and its answer is lost."""
        ...

    def go_down(self) -> None: ...

    def come_back(self) -> None: ...

    def close(self, channel: str) -> None:
        """Nobody can write there any more."""
        ...


def card(text: str) -> Card:
    said = Message("{text}", text=text)
    return Card(said, said, (Paragraph(said),))


def post(chat: Chat, text: str = "first", key: str = "WSR-0001", root_ts: str = "") -> Posted:
    return chat.notifier.post(chat.channel, card(text), key=key, language="en", root_ts=root_ts)


def find(chat: Chat, key: str = "WSR-0001", root_ts: str = "") -> Posted | None:
    since = chat.now - timedelta(hours=1)
    return chat.notifier.find(chat.channel, key, since=since, root_ts=root_ts)


class NotifierLaws:
    """Inherited by a test class whose fixture `chat` is the way out under the laws."""

    def test_a_message_stands_once_and_is_found_by_its_key(self, chat: Chat) -> None:
        at = post(chat)

        assert chat.inventory(chat.channel) == ["first"]
        assert find(chat) == at

    def test_another_key_is_not_found(self, chat: Chat) -> None:
        post(chat)

        assert find(chat, "WSR-0002") is None

    def test_what_was_said_before_the_time_looked_at_is_not_found(self, chat: Chat) -> None:
        post(chat)
        later = chat.now + timedelta(hours=1)

        assert chat.notifier.find(chat.channel, "WSR-0001", since=later) is None

    def test_an_update_changes_the_message_in_its_place(self, chat: Chat) -> None:
        at = post(chat)

        chat.notifier.update(at, card("second"), key="WSR-0001", language="en")

        assert chat.inventory(chat.channel) == ["second"]
        assert find(chat) == at

    def test_a_reply_stands_in_the_thread_and_calls_people(self, chat: Chat) -> None:
        at = post(chat)

        reply = chat.notifier.reply(
            at, Message("it failed"), key="WSR-0001/1", language="en", mention=(chat.person,)
        )

        (said,) = chat.thread(at)
        assert said.endswith("it failed")
        assert chat.person in said
        assert find(chat, "WSR-0001/1", root_ts=at.ts) == reply

    def test_a_card_can_stand_in_a_thread(self, chat: Chat) -> None:
        root = post(chat)

        at = post(chat, "again", "WSR-0002", root_ts=root.ts)

        assert chat.inventory(chat.channel) == ["first"]
        assert chat.thread(root) == ["again"]
        assert find(chat, "WSR-0002", root_ts=root.ts) == at

    def test_a_message_to_a_person_is_direct_and_found_there(self, chat: Chat) -> None:
        at = chat.notifier.post(chat.person, card("ready"), key="WSR-0001/ready", language="en")

        since = chat.now - timedelta(hours=1)
        assert chat.direct(chat.person) == ["ready"]
        assert chat.notifier.find(chat.person, "WSR-0001/ready", since=since) == at

    def test_a_whisper_is_for_one_person(self, chat: Chat) -> None:
        chat.notifier.whisper(chat.channel, chat.person, card("only you"), language="en")

        assert chat.whispers(chat.channel, chat.person) == ["only you"]
        assert chat.inventory(chat.channel) == []

    def test_a_whisper_where_nobody_can_write_becomes_a_direct_message(self, chat: Chat) -> None:
        chat.close(chat.channel)

        chat.notifier.whisper(chat.channel, chat.person, card("only you"), language="en")

        assert chat.direct(chat.person) == ["only you"]

    def test_a_lost_answer_and_a_look_make_exactly_one_message(self, chat: Chat) -> None:
        chat.lose_next_answer()

        with pytest.raises(Busy) as busy:
            post(chat)

        assert busy.value.retry_after > 0
        assert find(chat) is not None
        assert chat.inventory(chat.channel) == ["first"]

    def test_while_the_chat_is_down_everything_is_busy_and_nothing_is_said(self, chat: Chat) -> None:
        at = post(chat)
        chat.go_down()

        attempts: tuple[Callable[[], object], ...] = (
            lambda: post(chat, "second", "WSR-0002"),
            lambda: chat.notifier.update(at, card("second"), key="WSR-0001", language="en"),
            lambda: find(chat),
            lambda: chat.notifier.whisper(chat.channel, chat.person, card("x"), language="en"),
        )
        for attempt in attempts:
            with pytest.raises(Busy) as busy:
                attempt()
            assert busy.value.retry_after > 0

        chat.come_back()
        assert chat.inventory(chat.channel) == ["first"]

    def test_a_channel_nobody_can_write_in_is_gone_and_says_which(self, chat: Chat) -> None:
        chat.close(chat.channel)

        with pytest.raises(Gone) as gone:
            post(chat)

        assert chat.channel in str(gone.value.why)

    def test_a_message_that_is_not_there_is_gone(self, chat: Chat) -> None:
        at = post(chat)
        elsewhere = Posted(at.channel, "1700000000.000100")

        with pytest.raises(Gone):
            chat.notifier.update(elsewhere, card("second"), key="WSR-0001", language="en")

    def test_every_message_has_an_address(self, chat: Chat) -> None:
        first, second = post(chat), post(chat, "second", "WSR-0002")

        assert chat.notifier.link(first).startswith("https://")
        assert chat.notifier.link(first) != chat.notifier.link(second)
