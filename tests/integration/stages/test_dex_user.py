"""The login's laws over the Kubernetes emulator and the stand-in of dex, which really lets people in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Lock
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from provisioner.clients.kube import CONFIG_MAPS
from provisioner.engine.stage import Goal
from provisioner.message import Message
from provisioner.stages.dex.client import KubeDex
from provisioner.stages.dex.config import Login, read
from provisioner.stages.dex.stage import DexUserStage
from provisioner.vendor_call import Permanent
from provisioner.workspace import Workspace
from sandbox.kubeflow.seed import CLIENT_ID, CLIENT_SECRET, NEIGHBOURS
from tests.builders import a_workspace
from tests.fakes.s3 import FakeS3
from tests.integration.stages.conftest import Kubeflow, pass_time, until, utc_now
from tests.laws.stage_laws import (
    CANARY,
    PASSWORD,
    TURNS_MOST,
    Fresh,
    StageCase,
    StageLaws,
    Trip,
    made,
)

ANY = Message("cannot do it")
WRITES = frozenset({"write", "restart"})


def lets_in(kubeflow: Kubeflow, email: str, password: str) -> bool:
    answer = httpx.post(
        f"{kubeflow.url}/dex/token",
        auth=(CLIENT_ID, CLIENT_SECRET),
        data={"grant_type": "password", "scope": "openid", "username": email, "password": password},
        trust_env=False,
    )
    return answer.is_success


def a_case(kubeflow: Kubeflow, project: str, *, starts_within: timedelta) -> StageCase:
    ws, admin = a_workspace(project), KubeDex(kubeflow.admin)

    def edit(text: str) -> None:
        """By hand, with a restart, as an admin does."""
        document = admin.document()
        assert admin.write(type(document)(text=text, version=document.version))

    def put(**bent: str) -> None:
        login = {
            "email": ws.login_email,
            "hash": CANARY,
            "username": ws.login,
            "user_id": f"by hand {project}",
        }
        edit(read(admin.document().text).with_login(Login(**login | bent)).text)

    def ours() -> object:
        document = admin.document()
        entries = read(document.text).entries(ws.login_email)
        described = str([{**entry, "userID": ""} for entry in entries]).replace(project, "P")
        return described, bool(entries) and lets_in(kubeflow, ws.login_email, PASSWORD), document.pending

    def neighbours() -> object:
        text = read(admin.document().text).without_login(ws.login_email).text
        return text, [lets_in(kubeflow, email, password) for email, password in NEIGHBOURS.items()]

    def stage(client: Any) -> DexUserStage:
        return DexUserStage(client, kubeflow.health, FakeS3(), SecretStr(CANARY), starts_within=starts_within)

    return StageCase(
        ws=ws,
        client=kubeflow.dex,
        writes=WRITES,
        stage=stage,
        clock=utc_now,
        pass_time=pass_time,
        ours=ours,
        neighbours=neighbours,
        halves={
            "in other letters": lambda: put(email=ws.login_email.title()),
            "with the id of another": lambda: put(user_id="15841185641784"),
        },
        strangers={"somebody else's": lambda: put(username="somebody")},
    )


@pytest.fixture
def fresh(kubeflow: Kubeflow, projects: Iterator[str]) -> Fresh:
    return lambda: a_case(kubeflow, next(projects), starts_within=timedelta(seconds=20))


class TestLaws(StageLaws):
    pass


def test_the_new_login_opens_and_a_removed_one_does_not(kubeflow: Kubeflow, fresh: Fresh) -> None:
    case = made(fresh())
    opened = lets_in(kubeflow, case.ws.login_email, PASSWORD)

    Trip(case, Goal.ABSENT).arrive()

    assert (opened, lets_in(kubeflow, case.ws.login_email, PASSWORD)) == (True, False)


def test_T21_if_dex_does_not_start_our_entry_goes_and_everybody_else_can_log_in(
    kubeflow: Kubeflow, projects: Iterator[str]
) -> None:
    case = a_case(kubeflow, next(projects), starts_within=timedelta(seconds=1))
    before = case.neighbours()
    kubeflow.server.break_restarts(1)

    with pytest.raises(Permanent, match="so the bot removed that login") as failed:
        Trip(case, Goal.PRESENT).arrive()
    until(kubeflow.health.up)

    assert failed.value.cause is not None
    assert "failed to initialize storage" in failed.value.cause.raw_text
    assert case.neighbours() == before
    assert not lets_in(kubeflow, case.ws.login_email, PASSWORD)


def test_T22_a_login_costs_one_restart_each_way(kubeflow: Kubeflow, fresh: Fresh) -> None:
    case = fresh()
    Trip(case, Goal.ABSENT).arrive()
    before = kubeflow.server.restarts

    Trip(case, Goal.PRESENT).arrive()
    Trip(case, Goal.PRESENT).arrive()
    Trip(case, Goal.ABSENT).arrive()

    assert kubeflow.server.restarts - before == 2


def test_T16_every_other_key_and_label_of_the_config_map_stays(kubeflow: Kubeflow, fresh: Fresh) -> None:
    more: Any = {"data": {"theme.css": "body {}"}, "metadata": {"labels": {"team": "platform"}}}
    kubeflow.admin.patch(ANY, CONFIG_MAPS, "dex", more, namespace="auth")

    made(fresh())

    found = kubeflow.admin.get(ANY, CONFIG_MAPS, "dex", namespace="auth")
    assert found["data"]["theme.css"] == "body {}"
    assert found["metadata"]["labels"] == {"app": "dex", "team": "platform"}


def test_T16_a_write_with_an_old_version_is_refused(kubeflow: Kubeflow) -> None:
    document = kubeflow.dex.document()
    kubeflow.admin.patch(ANY, CONFIG_MAPS, "dex", {"data": {"note": "changed"}}, namespace="auth")

    assert not kubeflow.dex.write(document)


@pytest.mark.long
def test_T5_T16_T22_twenty_creates_and_deletes_at_once_lose_nothing(
    kubeflow: Kubeflow, projects: Iterator[str]
) -> None:
    """One stage for all runs; each has the document for a turn, as the engine does it."""
    admin = KubeDex(kubeflow.admin)
    before = admin.document()
    spaces = [a_workspace(next(projects)) for _ in range(20)]
    goals = [Goal.PRESENT, Goal.ABSENT] * 10
    coming, leaving = ([ws.login_email for ws in spaces[number::2]] for number in range(2))
    config = read(before.text)
    for ws in spaces[1::2]:
        login = Login(email=ws.login_email, hash=CANARY, username=ws.login, user_id=ws.login)
        config = config.with_login(login)
    assert admin.write(replace(before, text=config.text))
    stage, lock = DexUserStage(kubeflow.dex, kubeflow.health, FakeS3(), SecretStr(CANARY)), Lock()
    restarts = kubeflow.server.restarts

    def travel(ws: Workspace, goal: Goal) -> None:
        trip = Trip(on(stage, ws, kubeflow), goal)
        for _ in range(TURNS_MOST):
            with lock:
                changes, wait = trip.turn()
            if not changes:
                return
            pass_time(wait.seconds if wait else 0)
        raise AssertionError(f"{ws.login_email} is still to do")

    with ThreadPoolExecutor(len(spaces)) as pool:
        list(pool.map(travel, spaces, goals))

    after = admin.document()
    assert [email for email in (*coming, *leaving) if lets_in(kubeflow, email, PASSWORD)] == coming
    assert all(lets_in(kubeflow, email, password) for email, password in NEIGHBOURS.items())
    assert without(after.text, coming) == before.text
    assert after.pending == frozenset()
    assert kubeflow.server.restarts - restarts < len(spaces)


def without(text: str, emails: Iterable[str]) -> str:
    config = read(text)
    for email in emails:
        config = config.without_login(email)
    return config.text


def on(stage: DexUserStage, ws: Workspace, kubeflow: Kubeflow) -> StageCase:
    return StageCase(
        ws=ws,
        client=kubeflow.dex,
        writes=WRITES,
        stage=lambda _: stage,
        clock=utc_now,
        pass_time=pass_time,
        ours=lambda: None,
        neighbours=lambda: None,
        halves={},
        strangers={},
    )
