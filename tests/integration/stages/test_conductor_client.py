"""The client of AI Conductor: logins that do not lock anybody out, and what its answers mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from provisioner.diagnosis import diagnose
from provisioner.stages.conductor.calls import Calls
from provisioner.stages.conductor.client import ConductorHttp
from provisioner.stages.conductor.model import Account, AccountType, Listed, WorkspaceRole
from provisioner.vendor_call import Permanent, Temporary, WorkError
from sandbox.conductor.simulator import ADMIN_LOGIN
from sandbox.serving.callfaults import Kind
from sandbox.serving.loopback import Loopback, free_port
from tests.integration.stages.conductor_world import NEIGHBOUR, Conductor, conductor
from tests.laws.stage_laws import CANARY

ANY = Listed(id="1", name="alpha-ws")
SOMEBODY = Account(id="1", login="any", type="DEVELOPER")
WRONG = ["USER.LOGIN.001"]


@pytest.fixture
def here() -> Iterator[Conductor]:
    with conductor() as found:
        yield found


def failure(client: ConductorHttp) -> WorkError:
    with pytest.raises(WorkError) as failed:
        client.workspaces()
    return failed.value


def what(client: ConductorHttp) -> str:
    return str(failure(client).what)


Answering = Callable[..., ConductorHttp]


@pytest.fixture(scope="module")
def script() -> Iterator[tuple[str, dict[str, Response]]]:
    """A server, and what it answers to GET and POST, by the last part of the address; `whole_` before it: to
    who asks for all at once."""
    answers: dict[str, Response] = {}

    async def answer(request: Request) -> Response:
        last = request.url.path.rpartition("/")[2]
        whole = answers.get(f"whole_{last}") if request.query_params.get("page_size") == "0" else None
        return whole or answers[last]

    server = Loopback(Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])]), "scripted")
    yield server.start(), answers
    server.stop()


@pytest.fixture
def answering(script: tuple[str, dict[str, Response]]) -> Answering:
    """A client of a server that lets the bot in and else answers as it is told."""
    url, answers = script
    logged_in = JSONResponse({"account_id": "1", "workspace": []})
    logged_in.set_cookie("access-token", "a token")

    def answer(**told: Response) -> ConductorHttp:
        answers.clear()
        answers["login"] = logged_in
        answers["versions"] = JSONResponse({"versions": [{"ver_str": "2.0"}]})
        answers.update(told)
        return ConductorHttp(url=url, user="bot", password=SecretStr(CANARY), calls=Calls.read())

    return answer


def test_T54_a_refused_login_is_made_once_whatever_is_asked_and_from_however_many_threads(
    here: Conductor,
) -> None:
    here.simulator.reject_admin()
    client = here.client()

    with ThreadPoolExecutor(8) as pool:
        errors = list(pool.map(lambda _: failure(client), range(24)))

    assert {str(error.what) for error in errors} == {f"AI Conductor rejects the bot's login {ADMIN_LOGIN}"}
    assert {error.cause.code for error in errors if error.cause} == {"USER.LOGIN.001"}
    assert here.codes() == WRONG


def test_T54_a_person_may_have_it_tried_again_until_three_of_the_five_are_used(here: Conductor) -> None:
    here.simulator.reject_admin()
    client = here.client()

    words = []
    for _ in range(6):
        words.append(what(client))
        client.reset_lockout()

    assert here.codes() == WRONG * 3
    assert (
        words[2:]
        == [f"AI Conductor rejected the login {ADMIN_LOGIN} 3 of 5 times, so the bot stopped trying"] * 4
    )
    account = here.account(ADMIN_LOGIN)
    assert account is not None
    assert not account["locked"]


def test_T54_what_AI_Conductor_counted_before_is_heeded(here: Conductor) -> None:
    here.simulator.reject_admin()
    for _ in range(2):
        what(here.client())  # as if the bot had been started again
    client = here.client()
    what(client)

    client.reset_lockout()
    what(client)

    assert here.codes() == WRONG * 3


def test_T54_mended_and_tried_again_it_works(here: Conductor) -> None:
    here.simulator.reject_admin()
    client = here.client()
    what(client)
    here.simulator.accept_admin()
    assert "rejects" in what(client)

    client.reset_lockout()

    assert [each.name for each in client.workspaces()] == [NEIGHBOUR]


@pytest.mark.parametrize(
    ("days", "words", "code"),
    [
        (0, "the account is locked", "USER.LOGIN.002"),
        (90, "the account is locked for inactivity", "USER.LOGIN.003"),
    ],
)
def test_T55_a_locked_account_is_said_so_and_works_once_it_is_unlocked(
    here: Conductor, days: int, words: str, code: str
) -> None:
    if days:
        here.simulator.lock_unused(ADMIN_LOGIN, days)
    else:
        for _ in range(5):  # somebody else's doing
            httpx.post(
                f"{here.url}/api/v1/auth/login",
                json={"login_id": ADMIN_LOGIN, "login_pw": "guessed"},
            )
    client = here.client()
    error = failure(client)
    here.simulator.unlock(ADMIN_LOGIN)
    client.reset_lockout()

    assert str(error.what) == f"cannot log in to AI Conductor as {ADMIN_LOGIN}: {words}"
    assert error.cause is not None
    assert error.cause.code == code
    assert client.workspaces()


def test_T55_a_check_logs_in_anew_and_tells_the_version(here: Conductor) -> None:
    client = here.client()
    client.workspaces()

    assert client.check() == "2.0"
    assert here.codes() == ["", ""]


def test_T54_logins_without_an_answer_may_have_been_refused_and_are_counted(here: Conductor) -> None:
    here.simulator.faults.add(Kind.LOST_ANSWER, "conductor.log in", times=0)
    client = here.client()

    errors = [failure(client) for _ in range(5)]
    client.reset_lockout()
    here.simulator.faults.clear()

    assert [type(error) for error in errors] == [Temporary, Temporary, Permanent, Permanent, Permanent]
    assert str(errors[3].what) == (
        f"AI Conductor didn't respond to 3 logins of {ADMIN_LOGIN}, which it may have rejected"
    )
    assert len(here.codes()) == 3
    assert client.workspaces()


def test_a_password_that_was_right_is_not_suspected_when_answers_get_lost(here: Conductor) -> None:
    client = here.client()
    client.workspaces()
    here.simulator.expire_sessions()
    here.simulator.faults.add(Kind.LOST_ANSWER, "conductor.log in", times=5)

    errors = [failure(client) for _ in range(5)]

    assert {type(error) for error in errors} == {Temporary}
    assert client.workspaces()


def test_an_AI_Conductor_that_is_down_is_temporary_however_often(here: Conductor) -> None:
    client = here.client(url=f"http://127.0.0.1:{free_port()}")

    errors = [failure(client) for _ in range(5)]

    assert {type(error) for error in errors} == {Temporary}
    assert errors[0].cause is not None
    assert errors[0].cause.code == "ConnectError"


def test_an_AI_Conductor_that_does_not_answer_in_time_is_temporary(here: Conductor) -> None:
    client = here.client(seconds=0.1)
    client.workspaces()
    here.simulator.faults.add(Kind.DELAY, "conductor.list workspaces", seconds=1.0)

    assert isinstance(failure(client), Temporary)


def test_a_session_that_ended_is_renewed_by_one_login(here: Conductor) -> None:
    client = here.client()
    client.workspaces()
    here.simulator.expire_sessions()

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda _: client.workspaces(), range(16)))

    assert here.codes() == ["", ""]


def test_a_session_that_is_refused_right_after_the_login_is_an_error_and_no_circle(
    answering: Answering,
) -> None:
    error = failure(answering(workspaces=JSONResponse({"detail": "Could not validate credentials"}, 401)))

    assert isinstance(error, Permanent)
    assert str(error) == "cannot read AI Conductor's workspaces: Could not validate credentials"


def test_the_edge_accounts_login_does_not_replace_the_bots(here: Conductor) -> None:
    here.simulator.add_account("alpha-edge", password="alpha-edge@com")
    client = here.client()
    client.workspaces()

    client.log_in("alpha-edge", password=SecretStr("alpha-edge@com"))

    assert client.account("alpha-edge") is not None
    assert here.codes() == [""]


def test_an_account_made_anew_is_not_held_to_the_logins_of_the_one_before(here: Conductor) -> None:
    password = SecretStr("alpha-edge@com")
    client = here.client()
    with pytest.raises(Permanent, match="rejects the login alpha-edge"):
        client.log_in("alpha-edge", password=password)

    client.create_account("alpha-edge", password=password, type_=AccountType.DEVELOPER)

    assert client.log_in("alpha-edge", password=password) == ()


def test_a_page_for_people_is_no_answer(here: Conductor) -> None:
    client = here.client(url=f"{here.url}/console")

    error = failure(client)
    here.simulator.forget_unknown_calls()

    assert str(error) == (
        f"cannot log in to AI Conductor as {ADMIN_LOGIN}: answered 200 with text/html, not JSON: AI Conductor"
    )
    assert isinstance(error, Permanent)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (HTMLResponse("<title>Sign &amp; in</title>"), "answered 200 with text/html, not JSON: Sign & in"),
        (Response("{", media_type="application/json"), "answered 200 with application/json, not JSON: {"),
        (
            RedirectResponse("https://sso/login?t=1"),
            "answered 307 with a redirect to https://sso/login, not JSON",
        ),
        (JSONResponse({"workspaces": [{"id": "1"}]}), "the answer is not as expected: KeyError 'name'"),
        (JSONResponse({"rows": []}), "the answer is not as expected: KeyError 'workspaces'"),
        (JSONResponse({"error": "odd"}, 409), ('answered 409 with unexpected JSON: {"error":"odd"}')),
        (JSONResponse({"detail": {"error_code": "WS.1"}}, 400), '{"error_code": "WS.1"}'),
    ],
)
def test_an_answer_of_another_kind_is_said_to_be_so(
    answering: Answering, answer: Response, words: str
) -> None:
    error = failure(answering(workspaces=answer))

    assert isinstance(error, Permanent)
    assert error.cause is not None
    assert error.cause.raw_text == words
    assert (error.cause.service, error.cause.operation) == ("conductor", "list workspaces")


@pytest.mark.parametrize(
    ("status", "after", "seconds"), [(429, "7", 7), (503, "soon", 5), (500, "100000", 300)]
)
def test_what_may_pass_is_temporary(answering: Answering, status: int, after: str, seconds: int) -> None:
    busy = Response("<title>busy</title>", status, {"Retry-After": after}, "text/html")
    error = failure(answering(workspaces=busy))

    assert isinstance(error, Temporary)
    assert error.retry_after is not None
    assert error.retry_after.total_seconds() == seconds


@pytest.mark.parametrize("status", [400, 401, 403])
def test_T54_whatever_refuses_a_login_it_is_not_made_again(answering: Answering, status: int) -> None:
    client = answering(login=JSONResponse({"detail": "Invalid credentials"}, status))
    first = failure(client)

    answering(login=JSONResponse({"detail": "never asked"}, 401))

    for error in (first, failure(client)):
        assert str(error) == "AI Conductor rejects the bot's login bot: Invalid credentials"


def test_a_login_at_a_wrong_address_says_nothing_of_the_password(answering: Answering) -> None:
    error = failure(answering(login=JSONResponse({"detail": "Not Found"}, 404)))

    assert str(error) == "cannot log in to AI Conductor as bot: Not Found"


def test_a_login_without_a_cookie_is_an_error(answering: Answering) -> None:
    error = failure(answering(login=JSONResponse({"result": "OK"})))

    assert str(error).endswith("the answer has no cookie access-token, or no object")


def test_lists_of_every_time_are_read_without_what_is_deleted(answering: Answering) -> None:
    rows = [
        {
            "id": "1",
            "name": "alpha-ws",
            "namespace": "aic-ns-alpha-ws",
            "dashboard_hash": "d",
            "is_deleted": 0,
        },
        {"id": "2", "name": "beta-ws", "is_deleted": 1},
        {"id": "3", "name": "gamma-ws"},
    ]
    for content in (rows, {"workspaces": rows}):
        assert answering(workspaces=JSONResponse(content)).workspaces() == (
            Listed(id="1", name="alpha-ws", namespace="aic-ns-alpha-ws", dashboard="d"),
            Listed(id="3", name="gamma-ws"),
        )


def test_T53_a_password_that_is_quoted_where_words_are_cut_is_starred(answering: Answering) -> None:
    page = "x" * 190 + CANARY
    for content in (HTMLResponse(page), JSONResponse({"error": page}, 400)):
        error = failure(answering(workspaces=content))

        assert error.cause is not None
        assert CANARY[:5] not in error.cause.raw_text


@pytest.mark.parametrize(
    ("told", "key"),
    [
        ("1.7", "workspace_name"),
        ("2.0", "workspace_id"),
        ("v2.10.1-rc1", "workspace_id"),
        ("10.0", "workspace_id"),
    ],
)
def test_a_version_is_read_as_numbers(answering: Answering, told: str, key: str) -> None:
    asked: list[str] = []

    class Noting(JSONResponse):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            asked.append(scope["query_string"].decode())
            await super().__call__(scope, receive, send)

    info = Noting({"s3_bucket_name": "s3-alpha", "specs": []})
    answering(versions=JSONResponse({"versions": [{"ver_str": told}]}), info=info).look(ANY)

    assert [query.partition("=")[0] for query in asked] == [key]


def test_a_version_without_a_number_is_an_error(answering: Answering) -> None:
    client = answering(versions=JSONResponse({"versions": [{"ver_str": "latest"}]}))

    with pytest.raises(Permanent, match="the version latest has no number"):
        client.look(ANY)


def test_T53_what_a_validation_quotes_of_a_password_is_not_passed_on(here: Conductor) -> None:
    password = SecretStr('edge"alpha@com')
    text = Calls.read().model_dump_json()
    calls = Calls.model_validate_json(text.replace('"login_pw":"{password}"', '"pw":"{password}"'))
    client = here.client(calls=calls)

    with pytest.raises(Permanent, match="cannot create AI Conductor account alpha-edge") as failed:
        client.create_account("alpha-edge", password=password, type_=AccountType.DEVELOPER)

    assert failed.value.cause is not None
    assert (
        failed.value.cause.raw_text
        == "body.login_pw: Field required; body.pw: Extra inputs are not permitted"
    )


def test_T53_a_password_that_is_quoted_in_words_is_starred(answering: Answering) -> None:
    client = answering(workspaces=JSONResponse({"detail": {"message": f"no such row {CANARY}"}}, 400))

    error = failure(client)

    assert error.cause is not None
    assert error.cause.raw_text == '{"message": "no such row [hidden]"}'
    assert CANARY not in repr(client) + repr(vars(client))


def rows(*, gone: int, living: int = 0) -> list[dict[str, object]]:
    flags = [1] * gone + [0] * living
    return [{"name": f"solution-{n}", "is_deleted": flag} for n, flag in enumerate(flags)]


def test_T61_a_solution_after_a_page_of_deleted_ones_is_seen(answering: Answering) -> None:
    client = answering(
        workspace=JSONResponse({"solutions": rows(gone=100)}),
        whole_workspace=JSONResponse({"solutions": rows(gone=130, living=1)}),
    )

    assert client.solutions(ANY) == ("solution-130",)


@pytest.mark.parametrize("told_all", [rows(gone=100), []])
def test_T61_of_a_full_page_of_deleted_solutions_it_is_not_told_that_there_are_none(
    answering: Answering, told_all: list[dict[str, object]]
) -> None:
    """By one that takes 0 for 100, or for none: people's work may come after that page."""
    client = answering(
        workspace=JSONResponse({"solutions": rows(gone=100)}),
        whole_workspace=JSONResponse({"solutions": told_all}),
    )

    with pytest.raises(Permanent) as failed:
        client.solutions(ANY)

    assert failed.value.cause
    assert failed.value.cause.raw_text == (
        "the first 100 are deleted, and AI Conductor doesn't say whether there are more"
    )


def test_T61_deleted_solutions_alone_are_none(answering: Answering) -> None:
    assert answering(workspace=JSONResponse({"solutions": rows(gone=99)})).solutions(ANY) == ()
    client = answering(
        workspace=JSONResponse({"solutions": rows(gone=100)}),
        whole_workspace=JSONResponse({"solutions": rows(gone=101)}),
    )
    assert client.solutions(ANY) == ()


@pytest.mark.parametrize(
    ("read", "operation"),
    [
        (lambda client: client.check(), "check health"),
        (lambda client: client.workspaces(), "list workspaces"),
        (lambda client: client.look(ANY), "read workspace"),
        (lambda client: client.solutions(ANY), "list solutions"),
        (lambda client: client.log_in("any", password=SecretStr("any")), "log in"),
    ],
)
def test_no_setting_is_blamed_for_a_call_that_no_setting_changes(
    answering: Answering, read: Callable[[ConductorHttp], object], operation: str
) -> None:
    nothing = JSONResponse({"detail": "Not Found"}, 404)
    places = {"healthz": nothing, "workspaces": nothing, "info": nothing, "workspace": nothing}
    client = answering(**places, **({"login": nothing} if operation == "log in" else {}))

    with pytest.raises(Permanent) as failed:
        read(client)
    found = diagnose(failed.value.what, failed.value.cause)

    assert failed.value.cause is not None
    assert failed.value.cause.operation == operation
    assert found is not None
    assert "no setting changes this call" in str(found.remedy)


@pytest.mark.parametrize(
    ("write", "operation"),
    [
        (lambda client: client.account("any"), "list accounts"),
        (lambda client: client.members(ANY), "list members"),
        (lambda client: client.add_member(ANY, SOMEBODY, WorkspaceRole.MANAGER), "add member"),
    ],
)
def test_a_call_of_the_file_is_told_by_its_name_there(
    answering: Answering, write: Callable[[ConductorHttp], object], operation: str
) -> None:
    nothing = JSONResponse({"detail": "Not Allowed"}, 405)
    client = answering(accounts=nothing, members=nothing)

    with pytest.raises(Permanent) as failed:
        write(client)
    found = diagnose(failed.value.what, failed.value.cause)

    assert failed.value.cause is not None
    assert failed.value.cause.operation == operation
    assert operation.replace(" ", "_") in Calls.model_fields
    assert found is not None
    assert "its file of calls" in str(found.remedy)


@pytest.mark.parametrize("login", ["bot", "alpha-edge"])
@pytest.mark.parametrize("status", [401, 403])
def test_a_login_that_is_not_let_in_is_not_taken_for_a_right_that_lacks(
    answering: Answering, login: str, status: int
) -> None:
    client = answering(healthz=JSONResponse({}), login=JSONResponse({"detail": "Forbidden"}, status))

    with pytest.raises(Permanent) as failed:
        client.check() if login == "bot" else client.log_in(login, password=SecretStr("any"))
    found = diagnose(failed.value.what, failed.value.cause)

    assert found is not None
    assert "blocks this account's login" in str(found.cause)
    assert f"check that {login} isn't blocked" in str(found.remedy)
    assert "type Admin" not in str(found.remedy)
