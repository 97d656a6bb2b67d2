from typing import Any

import pytest
from slack_bolt import Ack
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.slack import CannotAct, MovableClock, SlackSimulator
from tests.sandbox.slack.bot import Bot, remember
from tests.sandbox.slack.forms import actions, button, choice, modal, option, section, text_input

Seen = dict[str, Any]


def opening(bot: Bot, view: Seen) -> None:
    """A bot whose command opens that view."""

    def listen(ack: Ack, command: Seen, client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=command["trigger_id"], view=view)

    bot.app.command("/workspace")(listen)
    bot.connect()


def opened(slack: SlackSimulator, person: str = "requester") -> Seen:
    slack.command(person, "general", "/workspace create")
    return slack.until(lambda: slack.view(person))


def test_a_submission_carries_every_input_with_null_for_the_untouched(
    slack: SlackSimulator, bot: Bot
) -> None:
    sent: list[Seen] = []
    bot.app.view("form")(remember(sent, lambda body: body["view"]))
    opening(
        bot,
        modal(
            text_input("name", initial_value="alpha"),
            text_input("note", optional=True),
            choice("size", "static_select", "small", "large"),
            choice("days", "checkboxes", "mon", "tue"),
            choice("color", "radio_buttons", "red", "blue", initial_option=option("blue")),
            private_metadata="m",
        ),
    )
    view = opened(slack)

    seen = slack.submit("requester", view["id"], {"size": "large", "days": ["mon", "tue"]})

    assert seen["view"] is None
    assert sent[0]["private_metadata"] == "m"
    assert sent[0]["state"]["values"] == {
        "name": {"v": {"type": "plain_text_input", "value": "alpha"}},
        "note": {"v": {"type": "plain_text_input", "value": None}},
        "size": {"v": {"type": "static_select", "selected_option": option("large")}},
        "days": {"v": {"type": "checkboxes", "selected_options": [option("mon"), option("tue")]}},
        "color": {"v": {"type": "radio_buttons", "selected_option": option("blue")}},
    }


def test_people_are_chosen_by_who_they_are(slack: SlackSimulator, bot: Bot) -> None:
    sent: list[Seen] = []
    bot.app.view("form")(remember(sent, lambda body: body["view"]["state"]["values"]))
    many = {"type": "multi_users_select", "action_id": "v"}
    opening(bot, modal(text_input("name") | {"block_id": "who", "element": many}))
    view = opened(slack)

    slack.submit("requester", view["id"], {"who": ["admin", "outsider"]})

    assert sent[0]["who"]["v"]["selected_users"] == ["U0BOB0001", "U0OWEN001"]


def test_errors_stand_beside_their_inputs_until_they_are_sent_again(slack: SlackSimulator, bot: Bot) -> None:
    def check(ack: Ack, view: Seen) -> None:
        if view["state"]["values"]["name"]["v"]["value"] == "taken":
            ack(response_action="errors", errors={"name": "That name is taken"})
        else:
            ack()

    bot.app.view("form")(check)
    opening(bot, modal(text_input("name"), text_input("why")))
    view = opened(slack)

    refused = slack.submit("requester", view["id"], {"name": "taken", "why": "because"})
    kept = slack.view("requester")
    accepted = slack.submit("requester", view["id"], {"name": "free"})

    assert refused["errors"] == {"name": "That name is taken"}
    assert kept is not None
    assert kept["state"]["values"]["why"]["v"]["value"] == "because"
    assert accepted["errors"] == {}
    assert accepted["view"] is None


def test_what_slack_itself_checks_never_reaches_the_bot(slack: SlackSimulator, bot: Bot) -> None:
    opening(bot, modal(text_input("name"), text_input("why", min_length=5, max_length=8)))
    view = opened(slack)

    seen = slack.submit("requester", view["id"], {"why": "oh"})

    assert seen["errors"] == {
        "name": "Please complete this required field.",
        "why": "Must be at least 5 characters.",
    }
    assert not seen["sent"]
    assert not any(e["kind"] == "envelope" and e["method"] == "interactive" for e in slack.journal())


def test_errors_for_what_is_no_input_are_refused(slack: SlackSimulator, bot: Bot) -> None:
    bot.app.view("form")(lambda ack: ack(response_action="errors", errors={"nowhere": "bad"}))
    opening(bot, modal(text_input("name", initial_value="x")))
    view = opened(slack)

    seen = slack.submit("requester", view["id"], {})

    assert seen["code"] == "invalid_errors"
    assert seen["view"]["id"] == view["id"]


@pytest.mark.parametrize("action", ["update", "push"])
def test_the_acknowledgement_may_bring_another_view(slack: SlackSimulator, bot: Bot, action: str) -> None:
    following = modal(section("Sure?"), callback_id="second")
    bot.app.view("form")(lambda ack: ack(response_action=action, view=following))
    opening(bot, modal(text_input("name", initial_value="x")))
    view = opened(slack)

    seen = slack.submit("requester", view["id"], {})

    assert seen["view"]["callback_id"] == "second"
    assert (seen["view"]["id"] == view["id"]) is (action == "update")
    assert seen["view"]["previous_view_id"] == (view["id"] if action == "push" else None)


def test_clear_closes_the_whole_stack(slack: SlackSimulator, bot: Bot) -> None:
    second = modal(text_input("n", optional=True), callback_id="second")
    bot.app.view("form")(lambda ack: ack(response_action="push", view=second))
    bot.app.view("second")(lambda ack: ack(response_action="clear"))
    opening(bot, modal(text_input("name", optional=True)))
    top = slack.submit("requester", opened(slack)["id"], {})["view"]

    assert slack.submit("requester", top["id"], {})["view"] is None


def test_a_stack_holds_three_views(slack: SlackSimulator, bot: Bot) -> None:
    again = modal(text_input("n", optional=True))
    bot.app.view("form")(lambda ack: ack(response_action="push", view=again))
    opening(bot, again)
    second = slack.submit("requester", opened(slack)["id"], {})["view"]
    third = slack.submit("requester", second["id"], {})["view"]

    assert slack.submit("requester", third["id"], {})["code"] == "push_limit_reached"
    assert third["root_view_id"] == second["previous_view_id"]


def test_a_closed_view_is_told_when_the_app_asked_for_it(slack: SlackSimulator, bot: Bot) -> None:
    closed: list[Seen] = []
    bot.app.view_closed("form")(remember(closed))
    opening(bot, modal(section("hello"), notify_on_close=True))
    view = opened(slack)

    seen = slack.close_view("requester", view["id"])

    assert seen["view"] is None
    assert closed[0]["view"]["id"] == view["id"]
    assert closed[0]["is_cleared"] is False


def test_a_trigger_works_once(slack: SlackSimulator, bot: Bot) -> None:
    errors: list[str] = []

    def listen(ack: Ack, command: Seen, client: WebClient) -> None:
        client.views_open(trigger_id=command["trigger_id"], view=modal(section("1")))
        try:
            client.views_open(trigger_id=command["trigger_id"], view=modal(section("2")))
        except SlackApiError as error:
            errors.append(error.response["error"])
        ack()

    bot.app.command("/workspace")(listen)
    bot.connect()
    slack.command("requester", "general", "/workspace")

    assert errors == ["exchanged_trigger_id"]


def test_a_trigger_is_over_after_three_seconds(
    slack: SlackSimulator, bot: Bot, web: WebClient, clock: MovableClock
) -> None:
    triggers: list[str] = []
    bot.app.command("/workspace")(remember(triggers, lambda body: body["trigger_id"]))
    bot.connect()
    slack.command("requester", "general", "/workspace")
    clock.advance(3.1)

    with pytest.raises(SlackApiError, match="expired_trigger_id"):
        web.views_open(trigger_id=triggers[0], view=modal(section("late")))
    with pytest.raises(SlackApiError, match="invalid_trigger_id"):
        web.views_open(trigger_id="1.2.3", view=modal(section("made up")))


def test_an_update_with_an_old_hash_is_refused(slack: SlackSimulator, bot: Bot, web: WebClient) -> None:
    opening(bot, modal(text_input("name"), external_id="one"))
    view = opened(slack)

    newer = web.views_update(
        view_id=view["id"],
        hash=view["hash"],
        view=modal(text_input("name"), section("more"), external_id="one"),
    )

    with pytest.raises(SlackApiError, match="hash_conflict"):
        web.views_update(view_id=view["id"], hash=view["hash"], view=modal(section("old")))
    assert newer["view"]["hash"] != view["hash"]
    assert (
        web.views_update(external_id="one", view=modal(section("by external id")))["view"]["id"] == view["id"]
    )


def test_what_was_typed_survives_an_update_under_the_same_ids(
    slack: SlackSimulator, bot: Bot, web: WebClient
) -> None:
    sizes = choice("size", "static_select", "small", "large", dispatch=True)
    bot.app.action("v")(lambda ack: ack())
    opening(bot, modal(text_input("name"), sizes))
    view = opened(slack)
    slack.click("requester", action_id="v", view_id=view["id"], value="large")

    web.views_update(view_id=view["id"], view=modal(sizes, section("estimate"), text_input("other")))

    shown = slack.view("requester")
    assert shown is not None
    assert shown["state"]["values"]["size"]["v"]["selected_option"] == option("large")
    assert shown["state"]["values"]["other"]["v"]["value"] is None


def test_an_external_id_is_taken_by_an_open_view(slack: SlackSimulator, bot: Bot, web: WebClient) -> None:
    triggers: list[str] = []
    bot.app.command("/workspace")(remember(triggers, lambda body: body["trigger_id"]))
    bot.connect()
    slack.command("requester", "general", "/workspace")
    slack.command("admin", "general", "/workspace")
    web.views_open(trigger_id=triggers[0], view=modal(section("x"), external_id="mine"))

    with pytest.raises(SlackApiError, match="duplicate_external_id"):
        web.views_open(trigger_id=triggers[1], view=modal(section("x"), external_id="mine"))


def test_a_choice_in_a_view_tells_what_was_chosen(slack: SlackSimulator, bot: Bot) -> None:
    bodies: list[Seen] = []
    bot.app.action("v")(remember(bodies))
    opening(bot, modal(choice("size", "radio_buttons", "small", "large", dispatch=True)))
    view = opened(slack)

    slack.click("requester", action_id="v", view_id=view["id"], value="small")

    assert bodies[0]["container"] == {"type": "view", "view_id": view["id"]}
    assert bodies[0]["actions"][0]["selected_option"] == option("small")
    assert bodies[0]["view"]["state"]["values"]["size"]["v"]["selected_option"] == option("small")
    assert "response_url" not in bodies[0]


def test_a_choice_in_a_view_brings_what_stands_in_the_other_inputs(slack: SlackSimulator, bot: Bot) -> None:
    bodies: list[Seen] = []
    bot.app.action("v")(remember(bodies))
    opening(bot, modal(text_input("name"), choice("size", "radio_buttons", "small", "large", dispatch=True)))
    view = opened(slack)

    slack.click("requester", action_id="v", view_id=view["id"], value="small", values={"name": "alpha"})

    values = bodies[0]["view"]["state"]["values"]
    assert values["name"]["v"]["value"] == "alpha"
    assert values["size"]["v"]["selected_option"] == option("small")


def test_a_push_needs_a_trigger_from_a_dialog(slack: SlackSimulator, bot: Bot) -> None:
    def push(ack: Ack, body: Seen, client: WebClient) -> None:
        ack()
        client.views_push(trigger_id=body["trigger_id"], view=modal(section("above"), callback_id="above"))

    bot.app.action("more")(push)
    opening(bot, modal(actions(button("more"))))
    view = opened(slack)

    slack.click("requester", action_id="more", view_id=view["id"])
    above = slack.until(lambda: (top := slack.view("requester")) and top["callback_id"] == "above" and top)
    slack.close_view("requester", above["id"])

    assert (slack.view("requester") or {})["id"] == view["id"]


def test_an_option_that_is_not_offered_cannot_be_chosen(slack: SlackSimulator, bot: Bot) -> None:
    opening(bot, modal(choice("size", "static_select", "small")))
    view = opened(slack)

    with pytest.raises(CannotAct, match="'huge' is not offered"):
        slack.submit("requester", view["id"], {"size": "huge"})
    with pytest.raises(CannotAct, match="no input nothing"):
        slack.submit("requester", view["id"], {"nothing": "x"})
    with pytest.raises(CannotAct, match="no view"):
        slack.submit("admin", view["id"], {})


def test_the_home_is_published_and_its_buttons_work(slack: SlackSimulator, bot: Bot, web: WebClient) -> None:
    opened_by: list[Seen] = []
    bodies: list[Seen] = []
    bot.app.event("app_home_opened")(remember(opened_by, lambda body: body["event"]))
    bot.app.action("refresh")(remember(bodies))
    bot.connect()
    blocks = [section("Your requests"), actions(button("refresh"))]

    assert slack.home("requester")["home"] is None
    published = web.views_publish(user_id="U0MINA001", view={"type": "home", "blocks": blocks})
    slack.home("requester")
    slack.click("requester", action_id="refresh")

    slack.until(lambda: len(opened_by) == 2)
    assert opened_by[1]["view"]["id"] == published["view"]["id"]
    assert bodies[0]["view"]["type"] == "home"
    assert (slack.home_view("requester") or {})["blocks"][0]["text"]["text"] == "Your requests"
    assert slack.home_view("admin") is None
    with pytest.raises(SlackApiError, match="hash_conflict"):
        web.views_publish(user_id="U0MINA001", hash="old", view={"type": "home", "blocks": blocks})
