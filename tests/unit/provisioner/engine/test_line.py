"""Many runs that wait for one document: the edit of whoever has it is made for all of them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event

from bot.storage.locks import ProcessLocks
from provisioner.engine.line import Line, Peer
from provisioner.engine.run import RunId, RunStatus, StageStatus
from provisioner.engine.stage import Goal
from tests.builders import a_workspace
from tests.unit.provisioner.stages.wholeyard import WholeYard

POLICY = "policy-s3-kubeflow-an2-meerkat-prod"
LOCK = f"policy/{POLICY}"
WITHIN = 20  # seconds, until a test gives up


def a_peer(project: str, *, stage: str = "dex-user", willing: bool = True) -> Peer:
    return Peer(a_workspace(project), stage, Goal.PRESENT, lambda: willing)


def test_whoever_edits_is_told_of_those_behind_it_who_want_the_same() -> None:
    line, first, second = Line(), a_peer("alpha"), a_peer("beta")
    others = (a_peer("gamma", stage="s3-access-aia"), a_peer("delta", willing=False))

    with line.joined(first), line.joined(second), line.joined(others[0]), line.joined(others[1]):
        with line.at_work(first):
            assert [ws.project for ws in line.behind(first)] == ["beta"]
        assert [peer.served for peer in (second, *others)] == [True, False, False]
        first.writer = second.writer = None  # as at the end of its turn


def test_nobody_leaves_the_line_while_an_edit_is_made_for_them() -> None:
    line, writer, other, edited = Line(), a_peer("alpha"), a_peer("beta"), Event()

    def join_and_leave() -> None:
        with line.joined(other):
            edited.wait(WITHIN)

    with ThreadPoolExecutor(1) as pool:
        with line.joined(writer):
            left = pool.submit(join_and_leave)
            _until_in_line(line, 2)
            line.behind(writer)
            edited.set()
            assert other.writer is writer
            assert other in line._waiting
            assert not left.done()
        left.result(timeout=WITHIN)

    assert line._waiting == []


def _until_in_line(line: Line, count: int) -> None:
    with line._changed:
        assert line._changed.wait_for(lambda: len(line._waiting) >= count, WITHIN)


def a_yard() -> WholeYard:
    """With the stages that lead to the policy, so that nothing else wants attention."""
    yard = WholeYard(ProcessLocks())
    led_to = {"bucket", "s3-access-kubeflow"}
    yard.steps = [replace(step, after=()) for step in yard.steps if step.stage.name in led_to]
    return yard


def all_in_line(
    yard: WholeYard, count: int, meanwhile: Callable[[RunId], None] = lambda _: None
) -> list[RunId]:
    """So many runs take a turn and wait for the policy, which is in other hands until all of them do."""
    runs = [yard.approve(Goal.PRESENT, f"alpha{number}") for number in range(count)]
    with ThreadPoolExecutor(count) as pool:
        with yard.between_threads.try_hold(LOCK) as held:
            assert held
            turns = [pool.submit(yard.turn, run_id) for run_id in runs]
            _until_in_line(yard.line, count)
            meanwhile(runs[1])
        for turn in turns:
            turn.result(timeout=WITHIN)
    return runs


def listed(yard: WholeYard, count: int) -> list[bool]:
    """Whether the policy names the bucket of each."""
    policy = yard.outside.iam.policies[a_workspace().platform.policy_arn(POLICY)]
    return [a_workspace(f"alpha{number}").bucket in str(policy.document) for number in range(count)]


def test_T36_one_version_of_a_policy_serves_all_who_wait_for_it() -> None:
    yard = a_yard()

    runs = all_in_line(yard, 8)

    versions = [each for each in yard.written if each.startswith("iam.add_version") and POLICY in each]
    assert len(versions) == 1
    assert listed(yard, 8) == [True] * 8
    for run_id in runs:
        assert yard.run(run_id).progress("s3-access-kubeflow").status is StageStatus.DONE


def test_who_is_cancelled_in_line_gets_no_edit() -> None:
    yard = a_yard()

    runs = all_in_line(yard, 3, yard.cancel)

    assert listed(yard, 3) == [True, False, True]
    assert yard.turn(runs[1]) is None
    assert yard.run(runs[1]).status is RunStatus.CANCELLED
