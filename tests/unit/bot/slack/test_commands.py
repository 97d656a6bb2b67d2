"""The grammar of the command."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.slack.cards import escape
from bot.slack.commands import Command, Create, Delete, Help, ListAll, Status, Usage, parse
from bot.slack.help import usage_card
from bot.texts import Texts
from tests.builders import a_platform

ENGLISH = Texts().for_locale("en")
PLATFORM = a_platform()
RULE = (
    "{} isn't a valid project name. Use 2 to 20 lowercase letters and digits, starting with a letter. Try {}."
)


def asked(text: str) -> Command:
    return parse(text, PLATFORM, dashboards=True)


def wrong(text: str) -> list[str]:
    command = asked(text)
    assert isinstance(command, Usage), command
    return [str(problem) for problem in command.problems]


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("", Help()),
        ("   ", Help()),
        ("help", Help()),
        ("HELP", Help()),
        ("list", ListAll()),
        ("List", ListAll()),
        ("list 2", ListAll(2)),
        ("list 12 ", ListAll(12)),
        ("status", Status()),
        ("status alpha", Status("alpha")),
        ("Status Alpha", Status("alpha")),
        ("status alpha live", Status("alpha", live=True)),
        ("status LIVE alpha", Status("alpha", live=True)),
        ("delete", Delete()),
        ("delete alpha", Delete("alpha")),
        ("Delete Alpha", Delete("alpha")),
        ("delete “alpha”", Delete("alpha")),
        ("create", Create()),
        ("create alpha", Create({"project": "alpha"})),
        ("CREATE alpha", Create({"project": "alpha"})),
        ("create project=alpha", Create({"project": "alpha"})),
        (
            "create alpha spec=gpu desired=1 max=3",
            Create({"project": "alpha", "spec": "gpu", "desired": "1", "max": "3"}),
        ),
        ("create spec=gpu", Create({"spec": "gpu"})),
        ("create alpha SPEC=gpu", Create({"project": "alpha", "spec": "gpu"})),
    ],
)
def test_words_and_keys_are_a_command(text: str, command: Command) -> None:
    assert asked(text) == command


@pytest.mark.parametrize(
    "text",
    [
        "create alpha spec=“gpu”",
        "create alpha spec=«gpu»",
        'create alpha spec="gpu"',
        "create alpha —spec=gpu",
        "create alpha --spec=gpu",
        "create\u00a0alpha\u3000spec=gpu",
        "create alpha spec＝gpu",
        "create “alpha” spec=gpu",
        "create alp\u200bha spec=gpu",
        "create alpha\nspec=gpu",
    ],
)
def test_what_phones_and_keyboards_make_of_it_is_read_the_same(text: str) -> None:
    assert asked(text) == Create({"project": "alpha", "spec": "gpu"})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("create alpha why=training", "training"),
        ("create alpha why=to train the model", "to train the model"),
        ("create alpha why=“to train — the model”", "to train — the model"),
        ("create alpha why=x=1 is tried", "x=1 is tried"),
        ("create alpha why=A &amp; B &lt;soon&gt;", "A & B <soon>"),
    ],
)
def test_why_goes_on_to_the_next_key_as_it_was_typed(text: str, why: str) -> None:
    assert asked(text) == Create({"project": "alpha", "why": why})


def test_a_key_ends_why() -> None:
    command = asked("create alpha why=to train max=2")

    assert command == Create({"project": "alpha", "why": "to train", "max": "2"})


@pytest.mark.parametrize(
    ("typed", "dashboard"),
    [
        ("dashboard=abc123XYZ", "abc123XYZ"),
        (
            "dashboard=https://g.example/d/abc123XYZ/team?orgId=1",
            "https://g.example/d/abc123XYZ/team?orgId=1",
        ),
        ("dashboard=<https://g.example/d/abc>", "https://g.example/d/abc"),
        ("dashboard=<https://g.example/d/abc|g.example/d/abc>", "https://g.example/d/abc"),
        ("dashboard=“abc”", "abc"),
    ],
)
def test_a_dashboard_is_given_by_address_or_uid(typed: str, dashboard: str) -> None:
    assert asked(f"create alpha {typed}") == Create({"project": "alpha", "dashboard": dashboard})


def test_what_is_no_dashboard_is_told() -> None:
    assert wrong("create alpha dashboard=https://g.example/explore") == [
        "Enter a dashboard address (containing /d/) or its UID, or leave this empty."
    ]


def test_a_dashboard_where_there_are_none_is_told_and_left_out_of_the_form() -> None:
    command = parse("create alpha dashboard=abc", PLATFORM, dashboards=False)

    assert isinstance(command, Usage)
    assert [str(problem) for problem in command.problems] == [
        "Grafana dashboards aren't enabled here. Remove dashboard=."
    ]
    assert command.draft == {"project": "alpha"}
    assert command.line == "create alpha spec=standard desired=1 max=3"


def test_an_unknown_subcommand_names_the_nearest() -> None:
    assert wrong("creat alpha") == ["Unknown command creat. Did you mean create?"]


@pytest.mark.parametrize("typed", ["all", "0", "-1", "1 2"])
def test_after_list_comes_the_number_of_a_page(typed: str) -> None:
    assert wrong(f"list {typed}") == [f"{typed} isn't a page number. Try list 2."]


def test_a_subcommand_like_no_other_names_them_all() -> None:
    assert wrong("frobnicate") == [
        ("Unknown command frobnicate. Available commands: create, status, list, delete, help.")
    ]


def test_all_problems_are_told_at_once() -> None:
    said = wrong("create My_Team size=gpu desired=5 max=2 what max=3")

    assert said == [
        "Unknown option size. Available options: project, spec, desired, max, dashboard, why.",
        "Unexpected what. After the name, use key=value.",
        "max= appears twice. Use it once.",
        RULE.format("My_Team", "myteam"),
        "Initial nodes (5) can't exceed maximum nodes (2).",
    ]


def test_an_unknown_key_names_the_nearest() -> None:
    assert wrong("create alpha desird=1") == ["Unknown option desird. Did you mean desired=?"]


def test_a_spec_that_does_not_exist_names_those_that_do() -> None:
    assert wrong("create alpha spec=huge") == ["Unknown spec huge. Choose one of: gpu, standard."]


def test_a_number_that_is_none_is_told_once() -> None:
    assert wrong("create alpha desired=two") == ["desired must be a whole number, not two."]


@pytest.mark.parametrize(
    "typed",
    [
        "--desired 2",
        "—desired 2",
        "–-desired 2",
        "–desired 2",
        "desired 2",
        "desired = 2",
        "desired= 2",
        "desired =2",
    ],
)
def test_a_value_apart_from_its_key_is_kept_and_how_it_is_written_is_told(typed: str) -> None:
    command = asked(f"create alpha {typed} spec=gpu")

    assert isinstance(command, Usage)
    assert [str(problem) for problem in command.problems] == [
        f"Use desired=2 instead of {typed} (no dashes, no space before the value)."
    ]
    assert command.draft == {"project": "alpha", "spec": "gpu", "desired": "2"}
    assert command.line.startswith("create alpha spec=gpu desired=2 max=")
    assert command.form


def test_every_value_apart_from_its_key_is_told_and_kept() -> None:
    command = asked("create --project alpha --spec gpu --max 2 --why to train the model")

    assert isinstance(command, Usage)
    assert command.draft == {"project": "alpha", "spec": "gpu", "max": "2", "why": "to train the model"}
    assert command.line == "create alpha spec=gpu desired=1 max=2 why=to train the model"
    assert len(command.problems) == 4


@pytest.mark.parametrize("typed", ["why = to train", "why =to train", "--why ＝ to train", "why to train"])
def test_the_sign_between_why_and_the_reason_is_no_word_of_it(typed: str) -> None:
    command = asked(f"create alpha {typed} max=2")

    assert isinstance(command, Usage)
    assert command.draft == {"project": "alpha", "why": "to train", "max": "2"}


def test_a_sign_within_the_reason_stays() -> None:
    command = asked("create alpha why a = b max=2")

    assert isinstance(command, Usage)
    assert command.draft["why"] == "a = b"


def test_a_value_apart_that_is_none_is_told_as_well() -> None:
    assert wrong("create alpha --desired two") == [
        "Use desired=two instead of --desired two (no dashes, no space before the value).",
        "desired must be a whole number, not two.",
    ]


def test_a_dash_before_a_key_without_a_value_says_how_it_is_written() -> None:
    assert wrong("create alpha --spec") == [
        "Use spec=… instead of --spec (no dashes, no space before the value)."
    ]


def test_a_key_that_is_there_twice_is_told_however_it_is_written() -> None:
    assert wrong("create alpha max=2 --max 3")[1:] == ["max= appears twice. Use it once."]


def test_a_key_without_a_value_is_told() -> None:
    assert wrong("create alpha spec=") == ["spec= has no value."]


@pytest.mark.parametrize("name", [":rocket:", "🚀", "알파", "a-b", "x", "ALPHA" * 5])
def test_a_name_that_cannot_be_gets_the_rule(name: str) -> None:
    (said,) = wrong(f"create {name}")

    assert said.startswith(f"{name} isn't a valid project name. Use 2 to 20 lowercase letters and digits")


def test_a_reserved_name_is_told() -> None:
    assert wrong("create kubeflow") == [("The name kubeflow is reserved for the platform. Choose another.")]


def test_status_of_what_is_no_name_is_told_with_a_line_to_copy() -> None:
    command = asked("status My_Team")

    assert isinstance(command, Usage)
    assert command.line == "status myteam"


def test_status_of_two_is_too_much() -> None:
    assert wrong("status alpha beta") == ["Remove beta. Use one project name, then live if needed."]


def test_a_deletion_is_of_one_project_by_its_name() -> None:
    assert wrong("delete alpha beta") == ["Remove beta. Use one project name at a time."]
    assert wrong("delete My_Team") == [
        (
            "My_Team isn't a valid project name. Use 2 to 20 lowercase letters and digits, starting "
            "with a letter."
        )
    ]
    command = asked("delete My_Team now")
    assert isinstance(command, Usage)
    assert command.line == "delete myteam"


@pytest.mark.parametrize(
    "typed",
    ["delete 한글", "delete 🚀", "status 🚀", "status 42 live", "create aia spec=gpu", "create 알파 max=2"],
)
def test_no_line_to_copy_names_what_nobody_typed(typed: str) -> None:
    command = asked(typed)

    assert isinstance(command, Usage)
    assert command.line == ""


def test_what_is_no_number_becomes_the_usual_one_in_the_line_to_copy() -> None:
    command = asked("create alpha desired=two")

    assert isinstance(command, Usage)
    assert command.line == "create alpha spec=standard desired=1 max=3"


def test_a_why_that_is_too_long_is_not_in_the_line_to_copy() -> None:
    command = asked("create alpha max=2 why=" + "x" * 600)

    assert isinstance(command, Usage)
    assert wrong("create alpha max=2 why=" + "x" * 600) == ["Use at most 500 characters. You entered 600."]
    assert command.line == "create alpha spec=standard desired=1 max=2"


def test_what_looks_like_a_deletion_is_only_suggested() -> None:
    assert wrong("delet alpha") == ["Unknown command delet. Did you mean delete?"]


def test_too_long_a_text_is_not_read() -> None:
    assert wrong("create alpha why=" + "x" * 3_000) == [
        "The command is too long (3017 characters, maximum 3000). Shorten it or use the form."
    ]


def test_the_line_to_copy_puts_everything_right() -> None:
    command = asked("create My_Team spec=gpuu desired=9 max=2 dashboard=abc")
    assert isinstance(command, Usage)
    assert command.line == "create myteam spec=gpu desired=2 max=2 dashboard=abc"

    assert isinstance(asked(command.line), Create)


TEXTS = st.one_of(
    st.text(),
    st.lists(
        st.one_of(
            st.sampled_from(
                [
                    "create",
                    "status",
                    "list",
                    "delete",
                    "help",
                    "live",
                    "alpha",
                    "—spec",
                    "--desired",
                    "project",
                    "2",
                    "why=",
                    "“",
                    '"',
                    "=",
                    "max=",
                    "\u3000",
                ]
            ),
            st.text(max_size=8),
            st.builds(
                "{}={}".format,
                st.sampled_from(["spec", "max", "desired", "dashboard", "why", "x"]),
                st.text(max_size=8),
            ),
        )
    ).map(" ".join),
)


@given(text=TEXTS)
@example(text="create why=why=why= =")
@example(text='create """')
@example(text="create max=²³")
def test_any_text_gives_an_answer_that_can_be_shown(text: str) -> None:
    command = asked(text)

    if isinstance(command, Usage):
        card = usage_card(command, "/workspace", "draft-1", typed=text)
        assert ENGLISH.plain(card.text)


@given(text=TEXTS)
def test_the_line_to_copy_is_always_right(text: str) -> None:
    command = asked(text)

    if isinstance(command, Usage) and command.line and "why=" not in command.line:
        assert not isinstance(asked(escape(command.line)), Usage)
