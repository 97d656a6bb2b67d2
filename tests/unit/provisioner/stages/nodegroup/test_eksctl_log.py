"""What is kept of what eksctl said: the line that tells why it ended, whatever stands around it."""

from __future__ import annotations

import pytest

from provisioner.diagnosis import Known, catalogue
from provisioner.message import Message
from provisioner.stages.nodegroup.eksctl_log import said
from provisioner.vendor_call import LONGEST_WORDS, Cause
from tests.learned import Seen, seen

WARNED = "2026-11-23 17:10:{second:02} [!]  {text}\n"
NOT_DRAINED = 'Error: draining nodegroups: timed out waiting for nodegroup "ng" to be drained'
PANIC = "panic: runtime error: invalid memory address or nil pointer dereference"
TRACE = "\n".join(
    (
        PANIC,
        "[signal SIGSEGV: segmentation violation code=0x1 addr=0x28 pc=0x32eda7b]",
        "",
        "goroutine 1 [running]:",
        *(
            f"github.com/weaveworks/eksctl/pkg/actions/nodegroup.(*Manager).Get{n}(0xc00056c0b0)\n"
            f"\tgithub.com/weaveworks/eksctl/pkg/actions/nodegroup/get.go:{n} +0xee"
            for n in range(12)
        ),
        "main.main()",
        "\tgithub.com/weaveworks/eksctl/cmd/eksctl/main.go:79 +0x2a5",
    )
)
RETRIED = (
    "2026-11-23 17:10:01 [!]  retryable error (Throttling: Rate exceeded\n"
    "\tstatus code: 400, request id: 44311633) from cloudformation/DescribeStacks - will retry after 1s\n"
)
REFUSED = (
    '2026-11-23 17:10:09 [✖]  creating CloudFormation stack "eksctl-aic-nodegroup-ng": operation error'
    " CloudFormation: CreateStack, https response error StatusCode: 403, api error AccessDenied: User: bot"
    " is not authorized to perform: cloudformation:CreateStack because no identity-based policy allows it\n"
)

from_eksctl = pytest.mark.parametrize(
    ("entry", "text"),
    [
        pytest.param(entry, text, id=f"{entry.id}-{number}")
        for entry in catalogue()
        for number, text in enumerate(seen(entry), start=1)
        if text.service == "eksctl" and not entry.what
    ],
)


def found(words: str) -> str:
    """The entry of the catalogue that fits."""
    cause = Cause(service="eksctl", operation="any", code="exit 1", raw_text=words)
    fitting = (each.id for each in catalogue() if each.values(Message("it failed"), cause) is not None)
    return next(fitting, "")


def drained(pods: int, looks: int = 12) -> str:
    """The log of a drain: it tells the whole list at each look, and one is gone meanwhile."""
    return "".join(
        WARNED.format(
            second=look,
            text="ignoring DaemonSet-managed Pods: "
            + ", ".join(f"kube-system/aws-node-{n:05}" for n in range(pods))
            + "; deleting Pods with local storage: "
            + ", ".join(f"aic-ns-alpha-ws/training-{n:05}" for n in range(look, pods + look)),
        )
        for look in range(looks)
    )


def test_the_panic_is_kept_before_a_trace_of_any_length() -> None:
    words = said("2026-11-23 17:10:00 [ℹ]  eksctl version 0.230.0\n", TRACE, failed=True)

    assert words.splitlines()[0] == PANIC
    assert found(words) == "eksctl-broke-off"


@pytest.mark.parametrize("pods", [18, 400])
def test_a_drain_that_tells_its_pods_at_each_look_still_says_how_it_ended(pods: int) -> None:
    words = said(drained(pods), NOT_DRAINED + "\n", failed=True)

    assert words.endswith(NOT_DRAINED)
    assert len(words) <= LONGEST_WORDS
    assert found(words) == "nodegroup-drain-blocked"


def test_lines_that_are_too_many_give_way_from_the_front() -> None:
    log = "".join(WARNED.format(second=n, text=f"{n} " + "x" * 280) for n in range(40))

    words = said(log, "Error: it ended\n", failed=True)

    assert len(words) <= LONGEST_WORDS
    assert words.splitlines()[-2].startswith("39 ")
    assert words.endswith("\nError: it ended")


def test_of_a_line_that_is_too_long_both_ends_are_kept() -> None:
    words = said("", f"Error: a beginning {'x' * 9000} and an end\n", failed=True)

    assert words.startswith("Error: a beginning xxx")
    assert words.endswith("xxx and an end")
    assert len(words) < LONGEST_WORDS


def test_a_call_that_was_tried_again_does_not_hide_what_failed_in_the_end() -> None:
    words = said(RETRIED + REFUSED, 'Error: failed to create nodegroups for cluster "aic"\n', failed=True)

    assert "Throttling" not in words
    assert "44311633" not in words
    assert found(words) == "aws-no-permission"


def test_a_call_that_was_tried_again_is_told_where_nothing_else_is() -> None:
    assert found(said(RETRIED, "", failed=True)) == "aws-throttled"


@from_eksctl
def test_whatever_eksctl_was_seen_to_say_is_still_known_when_it_is_cut(entry: Known, text: Seen) -> None:
    lines = text.text.splitlines(keepends=True)
    last = next((at for at, line in enumerate(lines) if line.startswith(("Error: ", "panic: "))), len(lines))

    words = said("".join(lines[:last]), "".join(lines[last:]), failed=text.code != "exit 0")

    assert found(words) == entry.id
