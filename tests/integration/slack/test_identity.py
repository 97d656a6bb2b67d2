"""Who somebody is, as the simulated Slack says."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import SecretStr

from bot.model.people import PeopleUnknown
from bot.slack.client import SlackPeople, web_client
from sandbox.slack.simulator import SlackSimulator
from tests.fakes.clock import FakeClock

MINA, BOB, OWEN = "U0MINA001", "U0BOB0001", "U0OWEN001"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def people(slack: SlackSimulator, clock: FakeClock) -> SlackPeople:
    return SlackPeople(web_client(SecretStr(slack.bot_token), f"{slack.url}/api/", within=5), clock.elapsed)


def leave(slack: SlackSimulator, user: str, group: str) -> None:
    found = next(one for one in slack.core.world.groups.values() if one.handle == group)
    found.members.remove(user)


def calls(slack: SlackSimulator, method: str) -> int:
    return sum(entry["method"] == method for entry in slack.journal())


def test_a_person_has_the_groups_they_are_in_by_handle(people: SlackPeople) -> None:
    assert people.actor(BOB).groups == {"workspace-admins"}
    assert people.actor(MINA).groups == {"workspace-users"}
    assert people.actor(OWEN).groups == frozenset()


def test_a_person_has_an_id_a_team_and_a_language(slack: SlackSimulator, people: SlackPeople) -> None:
    slack.set_locale("requester", "ko-KR")

    mina = people.actor(MINA)

    assert (mina.id, mina.team, mina.locale) == (MINA, slack.team_id, "ko-KR")


def test_members_and_ids_of_a_group_are_known_by_its_handle(people: SlackPeople) -> None:
    assert people.members("workspace-admins") == {BOB, "U0DANA001"}
    assert people.group_id("workspace-admins") == "S0ADMINS01"
    assert people.members("nobody") == frozenset()
    assert people.group_id("nobody") is None


def test_what_was_read_is_good_for_a_minute(
    slack: SlackSimulator, people: SlackPeople, clock: FakeClock
) -> None:
    people.actor(BOB)
    leave(slack, BOB, "workspace-admins")

    clock.pass_by(59)
    assert people.actor(BOB).groups == {"workspace-admins"}

    clock.pass_by(1)
    assert people.actor(BOB).groups == frozenset()


def test_a_decision_reads_the_groups_at_that_moment(slack: SlackSimulator, people: SlackPeople) -> None:
    people.actor(BOB)
    leave(slack, BOB, "workspace-admins")

    assert people.fresh(BOB).groups == frozenset()
    assert people.actor(BOB).groups == frozenset()


def test_a_deactivated_person_is_in_no_group(slack: SlackSimulator, people: SlackPeople) -> None:
    slack.core.world.user(BOB).deleted = True

    assert people.fresh(BOB).groups == frozenset()


def test_the_bot_itself_is_in_no_group(slack: SlackSimulator, people: SlackPeople) -> None:
    next(iter(slack.core.world.groups.values())).members.append("U0WORKSPC1")

    assert people.fresh("U0WORKSPC1").groups == frozenset()


@pytest.mark.parametrize(
    "ask",
    [
        lambda people: people.actor(BOB),
        lambda people: people.fresh(BOB),
        lambda people: people.members("workspace-admins"),
    ],
)
def test_while_slack_does_not_answer_nobody_is_known(
    slack: SlackSimulator, people: SlackPeople, ask: Callable[[SlackPeople], object]
) -> None:
    slack.faults.down()

    with pytest.raises(PeopleUnknown, match="cannot read"):
        ask(people)


def test_a_limit_is_no_answer_either(slack: SlackSimulator, people: SlackPeople) -> None:
    slack.faults.limit("usergroups.list")

    with pytest.raises(PeopleUnknown):
        people.fresh(BOB)


def test_a_plan_without_user_groups_is_told_by_its_name(slack: SlackSimulator, people: SlackPeople) -> None:
    slack.faults.fail("usergroups.list", "plan_upgrade_required")

    with pytest.raises(PeopleUnknown, match="this Slack plan has no user groups"):
        people.fresh(BOB)


def test_words_in_the_default_language_are_better_than_none(
    slack: SlackSimulator, people: SlackPeople
) -> None:
    slack.faults.down()

    assert people.locale(MINA) == "en-US"
    assert people.known_locale(MINA) is None
    assert people.group_id("workspace-admins") is None


def test_a_language_is_remembered_longer_than_rights(
    slack: SlackSimulator, people: SlackPeople, clock: FakeClock
) -> None:
    slack.set_locale("requester", "ko-KR")
    people.locale(MINA)
    slack.faults.down()

    clock.pass_by(59 * 60)

    assert people.locale(MINA) == "ko-KR"
    assert people.known_locale(MINA) == "ko-KR"


def test_of_a_person_who_is_forgotten_slack_is_asked_anew(slack: SlackSimulator, people: SlackPeople) -> None:
    assert people.locale(MINA) == "en-US"
    slack.set_locale("requester", "ko-KR")

    people.forget(MINA)

    assert people.known_locale(MINA) is None
    assert people.locale(MINA) == "ko-KR"


def test_slack_is_asked_once_for_many_who_ask_together(slack: SlackSimulator, people: SlackPeople) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(people.actor, [BOB] * 64))

    assert calls(slack, "users.info") == 1
    assert calls(slack, "usergroups.list") == 1
