"""Each fault by its name: what people are told of it, and that Retry arrives once it is mended."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest

from sandbox.control.client import Client
from sandbox.demo.scene import GENERAL, WHY, Scene
from sandbox.kubernetes.faults import Fault as KubernetesFault
from sandbox.outside import BOT_USER
from sandbox.serving.callfaults import Fault as Rule
from sandbox.serving.callfaults import Kind
from sandbox.world import BOT_KEY_ID, World
from tests.e2e.failing import ENDS, begin, details, failure, retry, until_ready
from tests.e2e.gone import assert_gone, others
from tests.e2e.made import assert_made

pytestmark = pytest.mark.faults

ROOT = Path(__file__).parent.parent.parent
RIGHTS = (ROOT / "docs" / "iam-policy.json").read_text(encoding="utf-8")
STACK_ANEW = {"cloudformation.CreateStack": 2}

DENIED = {
    "Kubernetes": (
        "kubernetes.get profiles",
        "kubernetes.create profiles",
        "kubernetes.get configmaps",
        "kubernetes.update configmaps",
        "kubernetes.patch deployments",
    ),
    "S3": (
        "s3.GetBucketTagging",
        "s3.CreateBucket",
        "s3.PutPublicAccessBlock",
        "s3.PutBucketPolicy",
    ),
    "IAM": ("iam.GetPolicy", "iam.GetPolicyVersion", "iam.ListPolicyVersions", "iam.CreatePolicyVersion"),
    "EC2": ("ec2.DescribeInstanceTypes", "ec2.DescribeInstanceTypeOfferings", "ec2.DescribeSubnets"),
    "EKS": ("eks.DescribeNodegroup", "eks.DescribeCluster"),
    "CloudFormation": ("cloudformation.DescribeStacks",),
    "eksctl": ("cloudformation.CreateStack",),
    "EC2 Auto Scaling": ("autoscaling.CreateOrUpdateTags", "autoscaling.DescribeAutoScalingGroups"),
    "Grafana": ("grafana.GetDashboard", "grafana.PostDashboard"),
    "AI Conductor": (
        "conductor.create workspace",
        "conductor.list accounts",
        "conductor.create account",
        "conductor.add member",
    ),
}
"""By who says no, in the order in which a create comes to them.

A bucket that is there is encrypted by S3 itself, so that s3.PutBucketEncryption comes only right after it was
made.
"""

DENIED_DELETING = {
    "conductor.remove member": "AI Conductor",
    "conductor.delete account": "AI Conductor",
    "conductor.delete workspace": "AI Conductor",
    "cloudformation.DeleteStack": "eksctl",
    "eks.DeleteNodegroup": "CloudFormation",
    "iam.CreatePolicyVersion": "IAM",
    "kubernetes.update configmaps": "Kubernetes",
    "s3.ListObjectVersions": "S3",
    "s3.DeleteBucket": "S3",
    "kubernetes.delete profiles": "Kubernetes",
    "grafana.DeleteDashboard": "Grafana",
}

LOST_CREATING = (
    "kubernetes.create profiles.kubeflow.org",
    "kubernetes.update configmaps",
    "kubernetes.patch deployments.apps",
    "s3.CreateBucket",
    "s3.PutPublicAccessBlock",
    "s3.PutBucketPolicy",
    "iam.CreatePolicyVersion",
    "cloudformation.CreateStack",
    "autoscaling.CreateOrUpdateTags",
    "grafana.PostDashboard",
    "conductor.create workspace",
    "conductor.create account",
    "conductor.add member",
)

LOST_DELETING = (
    "conductor.remove member",
    "conductor.delete account",
    "conductor.delete workspace",
    "cloudformation.UpdateTerminationProtection",
    "cloudformation.DeleteStack",
    "iam.CreatePolicyVersion",
    "s3.DeleteBucket",
    "kubernetes.update configmaps",
    "kubernetes.patch deployments.apps",
    "kubernetes.delete profiles.kubeflow.org",
    "grafana.DeleteDashboard",
)

ACTIONS = {
    "s3.ListObjectVersions": "s3:ListBucketVersions",
    "s3.PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
}
"""Where AWS calls the right otherwise than the call."""


def assert_denied(words: str, vendor: str, call: str) -> None:
    """The vendor's own words, by its name, and whoever can give the right."""
    service, _, operation = call.partition(".")
    assert f"\n{vendor} responded:\n┃ " in words
    match service:
        case "kubernetes":
            verb, resource = operation.split()
            assert f'User "workspace-bot" cannot {verb} resource "{resource}"' in words
            assert (
                f"The bot (workspace-bot) doesn't have permission to {verb} {resource} in Kubernetes."
            ) in words
            assert "Ask your cluster administrator to grant this permission" in words
        case "grafana":
            assert "Permissions needed: " in words
            assert "Ask your Grafana administrator to give that account the Editor role" in words
        case "conductor":
            assert f"workspace-bot is not permitted to {operation}" in words
            assert "Ask your AI Conductor administrator to change that account's type to Admin" in words
        case _:
            action = ACTIONS.get(call, f"{service}:{operation}")
            assert f"is not authorized to perform: {action} " in words
            assert f"Ask your AWS administrator to add {action} to the bot's IAM policy" in words
            assert f'"{action}"' in RIGHTS


@pytest.mark.parametrize(
    "vendor",
    list(DENIED),
)
def test_a_right_that_is_missing_is_named_by_who_wants_it(scene: Scene, client: Client, vendor: str) -> None:
    begun = False
    for number, call in enumerate(DENIED[vendor], start=1):
        if not begun:
            scene.ask()
        client.fault("access-denied", call=call)
        scene.press(*(("requester", "ws.run.retry") if begun else ("admin", "ws.req.approve")))
        begun = True
        words = failure(scene, number)
        assert_denied(words, vendor, call)
        client.mend("access-denied")
    told = details(scene)
    assert f"{vendor} responded:" in told
    assert "Until then, a retry will fail again." in told

    retry(scene)
    until_ready(scene)

    assert_made(scene)


def test_a_right_that_cloudformation_lacks_at_eks_is_named(scene: Scene, client: Client) -> None:
    client.fault("access-denied", call="eks.CreateNodegroup")
    begin(scene)

    assert_denied(failure(scene), "CloudFormation", "eks.CreateNodegroup")
    client.mend("access-denied")
    retry(scene)
    until_ready(scene)

    assert_made(scene, STACK_ANEW)


def test_a_right_that_is_missing_to_delete_is_named_too(scene: Scene, client: Client) -> None:
    before = others(scene)
    begin(scene)
    until_ready(scene)
    scene.ask_delete()
    for number, (call, vendor) in enumerate(DENIED_DELETING.items(), start=1):
        client.fault("access-denied", call=call)
        scene.press(*(("admin", "ws.req.approve") if number == 1 else ("requester", "ws.run.retry")))
        assert_denied(failure(scene, number), vendor, call)
        client.mend("access-denied")

    retry(scene)
    scene.until_says("was deleted", within=ENDS)

    assert_gone(scene, before)


def test_no_capacity_is_told_with_type_and_zone(scene: Scene, client: Client) -> None:
    client.fault("no-capacity")
    begin(scene)

    words = failure(scene)
    assert "\nCloudFormation responded:\n┃ " in words
    assert "InsufficientInstanceCapacity" in words
    assert re.search(r"AWS has no m5\.xlarge capacity in ap-northeast-2[abc] right now\.", words)
    assert (
        "Press Retry in a few minutes. If AWS still has no capacity, delete the workspace and "
        "request a different spec."
    ) in words
    assert re.search(
        r"EKS node group ng-\S+ \((only the failed stack exists|failed, rolling back), \w+\)", words
    )
    assert scene.says("may succeed this time.")
    client.mend("no-capacity")
    retry(scene)
    until_ready(scene)

    assert_made(scene, STACK_ANEW)


def test_a_policy_that_is_full_is_told_with_what_has_to_go(scene: Scene, client: Client) -> None:
    scene.ask()
    client.fault("policy-full")
    scene.press("admin", "ws.req.approve")

    words = failure(scene)
    assert re.search(
        r"cannot add S3 bucket \S+ to IAM policy policy-s3-kubeflow-\S+ \d+ characters over", words
    )
    assert "AWS limits it to 6,144 characters." in words
    assert re.search(r"Ask your AWS administrator to free at least \d+ characters", words)
    client.mend("policy-full")
    retry(scene)
    until_ready(scene)

    assert_made(scene)


def test_what_nothing_can_be_made_for_is_said_before_anybody_is_asked(scene: Scene, client: Client) -> None:
    client.fault("policy-full")
    earlier = {one["ts"] for one in scene.privates("requester", GENERAL)}
    view = scene.open_form()
    client.submit("requester", view["id"], why=WHY)

    def refused() -> str | None:
        fresh = [one for one in scene.privates("requester", GENERAL) if one["ts"] not in earlier]
        return next((words for words in map(client.words, fresh) if "couldn't be submitted" in words), None)

    words = scene.until(refused, "private refusal")
    for policy in ("Kubeflow S3 access: ", "AI Conductor S3 access: "):
        assert policy in words
    assert "Then submit the request again." in words
    assert "Retry" not in words
    assert scene.card() is None


@pytest.mark.parametrize(
    ("call", "vendor", "quoted", "remedy"),
    [
        ("kubernetes.create profiles", "Kubernetes", "Too many requests", "Press Retry in a few minutes."),
        ("cloudformation.CreateStack", "eksctl", "Rate exceeded", "Press Retry in a few minutes."),
        ("conductor.create workspace", "AI Conductor", "Too many requests", "contact your AI Conductor adm"),
    ],
)
def test_a_vendor_that_stays_busy_is_told_as_busy(
    scene: Scene, client: Client, call: str, vendor: str, quoted: str, remedy: str
) -> None:
    client.fault("throttling", call=call, times=0)
    begin(scene)

    words = failure(scene)
    assert f"\n{vendor} responded:\n┃ " in words
    assert quoted in words
    assert remedy in words
    assert scene.says("may succeed this time.")
    client.mend("throttling")
    retry(scene)
    until_ready(scene)

    assert_made(scene)


def test_dex_that_does_not_come_up_is_told_and_keeps_nobody_elses_login(scene: Scene, client: Client) -> None:
    scene.ask()
    client.fault("dex-broken")
    scene.press("admin", "ws.req.approve")

    words = failure(scene)
    login = f"aic-user-{scene.project}-ws@aic.com"
    assert (
        f"Dex failed to start with {login}, so the bot removed that login\nDex responded:\n┃ failed to "
    ) in words
    assert "Until Dex is up, no one can log in to Kubeflow" in words
    assert f"Dex login {login} (removed from Dex's configuration, but Dex hasn't restarted yet)" in words
    client.mend("dex-broken")
    retry(scene)
    until_ready(scene)

    assert scene.can_log_in(login)
    assert scene.can_log_in("user@example.com")
    assert_made(scene)


def test_what_failed_while_slack_was_down_is_told_once_it_is_back(scene: Scene, client: Client) -> None:
    call = "conductor.create workspace"
    client.fault("access-denied", call=call, times=1)
    begin(scene)
    scene.until(scene.writes, "first change in the world")
    client.fault("slack-down")
    scene.until(lambda: not client.is_on("access-denied"), "refusal", ENDS)
    client.mend("slack-down")

    assert_denied(failure(scene), "AI Conductor", call)
    retry(scene)
    until_ready(scene)

    assert_made(scene)


def test_a_bot_that_was_killed_tells_everything_once(scene: Scene, client: Client) -> None:
    client.fault("kill-bot", call="iam.CreatePolicyVersion")
    begin(scene)
    scene.until(lambda: client.bot() == "killed", "kill")
    client.start_bot()
    until_ready(scene)
    scene.until(lambda: "All resources are ready" in scene.lines(), "last word in the thread")

    assert [line for line, times in Counter(scene.lines()).items() if times > 1] == []
    assert_made(scene)


def test_a_password_that_ai_conductor_rejects_is_tried_once_until_somebody_presses_retry(
    scene: Scene, client: Client, world: World
) -> None:
    conductor = world.outside.conductor
    assert conductor is not None

    def logins() -> int:
        return sum(one.login == "workspace-bot" for one in conductor.logins)

    scene.ask()
    conductor.reject_admin()
    before = logins()
    scene.press("admin", "ws.req.approve")
    words = failure(scene)
    assert "AI Conductor rejects the bot's login workspace-bot" in words
    assert '\nAI Conductor responded:\n┃ {"error_code": "USER.LOGIN.001"' in words
    assert (
        "Ask the bot's operator to correct the bot's AI Conductor username and password, then press Retry."
    ) in words
    client.command("requester", f"/workspace status {scene.project} live")
    scene.until(lambda: scene.private("requester", GENERAL, "rejects the bot's login"), "live look")
    assert logins() == before + 1

    conductor.accept_admin()
    retry(scene)
    until_ready(scene)

    assert logins() == before + 2
    assert_made(scene)


def test_no_answer_that_is_lost_makes_anything_twice_or_leaves_anything(
    scene: Scene, client: Client, world: World
) -> None:
    before = others(scene)
    scene.ask()
    since = len(client.writes())
    with losing_the_answer_of_each(world, LOST_CREATING):
        scene.press("admin", "ws.req.approve")
        until_ready(scene)
    assert_made(scene)
    made = Counter(write["call"] for write in client.writes(since))
    assert (made["iam.CreatePolicyVersion"], made["grafana.PostDashboard"]) == (2, 1)

    scene.ask_delete()
    since = len(client.writes())
    with losing_the_answer_of_each(world, LOST_DELETING):
        scene.press("admin", "ws.req.approve")
        scene.until_says("was deleted", within=ENDS)
    assert_gone(scene, before)
    gone = Counter(write["call"] for write in client.writes(since))
    assert (gone["iam.CreatePolicyVersion"], gone["grafana.DeleteDashboard"]) == (2, 1)


@contextmanager
def losing_the_answer_of_each(world: World, calls: Sequence[str]) -> Iterator[None]:
    """The first of each of these calls is carried out, and its answer lost. All of them have to come."""
    there = world.outside
    assert there.aws is not None
    assert there.kubernetes is not None
    assert there.grafana is not None
    assert there.conductor is not None
    with ExitStack() as lifts:
        struck: dict[str, Callable[[], bool]] = {}
        for call in calls:
            service, _, operation = call.partition(".")
            if service == "kubernetes":
                verb, resource = operation.split()
                lost = there.kubernetes.faults.lose_answer(verb, resource, user=BOT_USER)
                lifts.callback(there.kubernetes.faults.lift, lost)
                struck[call] = partial(_fired, lost)
                continue
            faults = {"grafana": there.grafana.faults, "conductor": there.conductor.faults}.get(
                service, there.aws.faults
            )
            key_id = BOT_KEY_ID if faults is there.aws.faults else ""
            rule = faults.add(Kind.LOST_ANSWER, call, key_id=key_id)
            lifts.callback(faults.lift, rule)
            struck[call] = partial(_spent, rule)
        yield
        assert [call for call, came in struck.items() if not came()] == []


def _fired(fault: KubernetesFault) -> bool:
    return fault.fired > 0


def _spent(rule: Rule) -> bool:
    return rule.spent
