"""What people read of a run that failed: on its card, in the thread, in Details."""

from __future__ import annotations

import pytest

from bot.views.phrases import SERVICES, inventory_items
from bot.views.thread import WORDS_SHOWN, thread_line
from provisioner.diagnosis import catalogue
from provisioner.engine.run import Entry, EntryKind, Inventory
from provisioner.message import Json, Message, Ref, RefKind, literal
from provisioner.vendor_call import Cause, Permanent
from tests.builders import NOON, a_cause, a_failure
from tests.fakes.notifier import shown
from tests.fakes.office import CHANNEL, Office


def told(words: str, service: str = "s3") -> str:
    failure = a_failure(cause=a_cause(words, service=service))
    message = Message("S3 bucket failed: cannot create it")
    data: dict[str, Json] = {"failure": failure.to_json(), "standing": []}
    line = thread_line(Entry(at=NOON, kind=EntryKind.FAILED, message=message, data=data))
    assert line is not None
    return str(line)


@pytest.mark.parametrize(
    ("service", "name"),
    [("s3", "S3"), ("cloudformation", "CloudFormation"), ("conductor", "AI Conductor"), ("dex", "Dex")],
)
def test_a_system_is_called_by_the_name_it_goes_by(office: Office, service: str, name: str) -> None:
    what = Message("cannot make nodes")
    run = office.failed(error=Permanent(what, cause=a_cause("no", service=service)))

    assert f"\n{name} responded:\n> no\n" in told("no", service)
    details = shown(office.service.details(run.id))
    assert f"{name} responded:" in details
    assert service == name or service not in details.split()


NOTE = Message("the answer is not as expected: {fault}", fault=Ref(RefKind.NAME, "KeyError 'specs'"))
SAW = "AI Conductor, as seen by the bot: the answer is not as expected: KeyError 'specs'"


def test_our_own_words_about_an_answer_are_not_put_into_the_vendors_mouth(office: Office) -> None:
    cause = Cause.noted(NOTE, service="conductor", operation="list workspaces", code="200")
    failure = a_failure(cause=cause)
    data: dict[str, Json] = {"failure": failure.to_json(), "standing": []}
    line = thread_line(Entry(at=NOON, kind=EntryKind.FAILED, message=Message("failed"), data=data))
    run = office.failed(error=Permanent(Message("cannot read AI Conductor's workspaces"), cause=cause))

    details = shown(office.service.details(run.id))

    assert f"\n{SAW}\n" in str(line)
    assert SAW in details
    assert " responded" not in f"{line} {details}"


def test_a_vendor_that_said_nothing_is_not_quoted() -> None:
    assert " responded" not in told("", "s3")


def test_what_the_bot_refuses_itself_is_not_called_unknown(office: Office) -> None:
    refused = Permanent(Message("cannot make nodes"), hint=Message("Ask for other nodes."))

    said = shown(office.service.details(office.failed(error=refused).id))

    assert "What to do: Ask for other nodes." in said
    assert "cause is unknown" not in said


def test_every_system_that_is_known_to_fail_has_a_name() -> None:
    assert {service for known in catalogue() for service in known.services} <= set(SERVICES)


def test_long_words_are_cut_between_words() -> None:
    words = "is not authorized to perform it " * 40

    short = told(words).split("responded:\n> ")[1].split("\n")[0]

    assert short.endswith(" …")
    assert words.startswith(short.removesuffix("…"))
    assert WORDS_SHOWN - 20 < len(short) <= WORDS_SHOWN + 2


def test_a_long_word_is_cut_all_the_same() -> None:
    assert f"responded:\n> {'x' * WORDS_SHOWN} …\n" in told("x" * 1000)


def test_what_is_not_simply_there_is_told_with_what_there_is_of_it() -> None:
    state = Message("only the failed stack exists, ROLLBACK_COMPLETE")
    inventory = Inventory(
        "nodegroup",
        Message("EKS node group"),
        (literal("EKS node group a"), literal("EKS node group b")),
        {"EKS node group a": state},
    )

    assert [str(item) for item in inventory_items([inventory])] == [
        "EKS node group a (only the failed stack exists, ROLLBACK_COMPLETE)",
        "EKS node group b",
    ]


def test_where_nothing_was_made_nothing_is_offered_to_be_rolled_back(office: Office) -> None:
    request = office.requested()
    office.world.hides("profile", Permanent(Message("cannot look at it")))
    run = office.approves(request)
    office.settle()

    card = office.chat.card_at(CHANNEL, run.reference)
    assert "What exists now: nothing" in card
    assert "Roll back" not in card
    assert "keeps existing resources" not in card
    assert "incur cost" not in card
    assert "Nothing happens until someone acts." in card
    assert office.chat.buttons_at(CHANNEL, run.reference) == [
        "ws.run.retry",
        "ws.run.details",
        "ws.status.run",
        "ws.run.cancel",
    ]
