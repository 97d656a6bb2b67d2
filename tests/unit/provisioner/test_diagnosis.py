"""Known failures: each is found by every text it was learned from, and no other is taken for it."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from pathlib import Path
from string import Formatter

import pytest

from provisioner.diagnosis import ASK, FILES, GROUPS, RETRY, Known, catalogue, diagnose, templates
from provisioner.engine.stage import Goal
from provisioner.message import Message
from provisioner.vendor_call import Cause
from tests.learned import Seen, seen
from tools.texts import everything
from tools.texts import templates as templates_of

ROOT = Path(__file__).parent.parent.parent.parent
SOMETHING = Message("cannot do {something}", something="it")
SERVICES = frozenset({*GROUPS["aws"], "kubernetes", "dex", "grafana", "conductor"})

known = pytest.mark.parametrize("entry", catalogue(), ids=lambda entry: entry.id)
each_seen = pytest.mark.parametrize(
    ("entry", "text"),
    [
        pytest.param(entry, text, id=f"{entry.id}-{number}")
        for entry in catalogue()
        for number, text in enumerate(seen(entry), start=1)
    ],
)


def met(entry: Known, text: Seen) -> tuple[Message, Cause | None]:
    """The failure as it came when it was learned."""
    if entry.words is not None:
        what = Message(entry.what, **dict.fromkeys(places(entry.what), "it")) if entry.what else SOMETHING
        operation = text.operation or "any"
        return what, Cause(service=text.service, operation=operation, code=text.code, raw_text=text.text)
    pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(entry.what))
    found = re.fullmatch(pattern, text.text)
    assert found, f"{text.text} is not said by {entry.what}"
    return Message(entry.what, **found.groupdict()), None


def places(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def phrases(text: str) -> set[str]:
    """Every four words in a row."""
    words = re.findall(r"[\w{}'-]+", text)
    return {" ".join(words[at : at + 4]).lower() for at in range(len(words) - 3)}


def said_in(path: Path) -> set[str]:
    return {found.text for found in templates_of(path.read_text(encoding="utf-8"), path.name)}


@each_seen
def test_each_text_finds_the_entry_that_learned_from_it(entry: Known, text: Seen) -> None:
    fitting = [each.id for each in catalogue() if each.values(*met(entry, text)) is not None]

    assert fitting[:1] == [entry.id]


@each_seen
def test_each_text_says_where_it_was_seen(entry: Known, text: Seen) -> None:
    assert text.source.startswith(("https://", "recorded: ", "provisioner/", "sandbox/"))
    if entry.words is not None:
        assert text.service in entry.services


@known
def test_each_says_cause_and_remedy_in_whole_sentences(entry: Known) -> None:
    for text in seen(entry):
        for goal in Goal:
            found = diagnose(*met(entry, text), goal=goal)

            assert found is not None
            assert found.retryable is entry.retryable
            for sentence in (str(found.cause), str(found.remedy)):
                assert sentence[-1] in ".!)"
                assert not re.search(r"(?<!\$)\{\w+\}|``", sentence)


@known
def test_each_sentence_uses_only_values_the_failure_has(entry: Known) -> None:
    given = places(entry.what) | set(entry.words.groupindex if entry.words else ())

    told = places(entry.cause) | places(entry.remedy) | places(entry.deletion)
    assert told - {"again", "Again"} <= given


@known
def test_each_remedy_can_be_read_where_there_is_no_retry_yet(entry: Known) -> None:
    assert "Retry" not in entry.remedy
    for text in seen(entry):
        asked, begun = (diagnose(*met(entry, text), way=way) for way in (ASK, RETRY))

        assert asked is not None
        assert begun is not None
        assert "Retry" not in str(asked.remedy)
        assert ("Retry" in str(begun.remedy)) is bool(places(entry.remedy) & {"again", "Again"})


@known
def test_what_is_told_first_and_whether_trying_again_helps_agree(entry: Known) -> None:
    """The card goes on: "Without a change it fails again"."""
    assert entry.retryable or not entry.remedy.startswith("{Again}")


@known
def test_no_sentence_says_what_the_one_before_it_said(entry: Known) -> None:
    """They are read one after the other: what could not be done, its cause, and what to do."""
    told = [phrases(text) for text in (entry.what, entry.cause, entry.remedy, entry.deletion)]

    assert not told[0] & told[1]
    assert not (told[0] | told[1]) & (told[2] | told[3])


@known
def test_each_was_learned_and_can_be_met(entry: Known) -> None:
    assert seen(entry)
    assert entry.words or entry.what
    assert set(entry.services) <= SERVICES
    assert bool(entry.services) is (entry.words is not None)


@known
def test_what_we_say_ourselves_is_said_in_the_file_named_as_its_source(entry: Known) -> None:
    for text in seen(entry):
        if entry.what and entry.words is None:
            assert entry.what in said_in(ROOT / text.source)


def test_what_is_told_by_our_words_and_theirs_is_said_somewhere() -> None:
    said = {template for path in (ROOT / "provisioner").rglob("*.py") for template in said_in(path)}

    assert {entry.what for entry in catalogue() if entry.what} <= said


def test_the_names_are_stable_and_of_one_failure_each() -> None:
    ids = [entry.id for entry in catalogue()]

    assert len(ids) == len(set(ids))


def test_every_file_of_the_folder_is_read() -> None:
    found = {path.name for path in files("provisioner").joinpath("failures").iterdir()}

    assert found == {f"{name}.toml" for name in FILES}


def test_every_field_of_an_entry_is_one_that_is_read() -> None:
    said = {"cause", "remedy", "deletion", "retryable"}
    fields = {"id", "services", "operations", "words", "what", "seen", *said}
    for name in FILES:
        path = ROOT / "provisioner" / "failures" / f"{name}.toml"
        for entry in tomllib.loads(path.read_text(encoding="utf-8"))["failure"]:
            assert entry.keys() <= fields, entry["id"]
            for one in entry["seen"]:
                assert one.keys() <= {"service", "code", "operation", "text", "source"}, entry["id"]


def test_what_nobody_has_met_before_is_not_known() -> None:
    cause = Cause(
        service="s3", operation="CreateBucket", code="Odd", raw_text="the moon is in the wrong house"
    )

    assert diagnose(SOMETHING, cause) is None
    assert diagnose(SOMETHING, None) is None


def test_the_words_of_another_service_do_not_mislead() -> None:
    cause = Cause(service="grafana", operation="GET", raw_text="no password hash provided")

    assert diagnose(SOMETHING, cause) is None


def test_the_right_that_lacks_is_named() -> None:
    words = (
        'profiles.kubeflow.org is forbidden: User "workspace-bot" cannot create resource "profiles"'
        ' in API group "kubeflow.org" at the cluster scope'
    )
    found = diagnose(SOMETHING, Cause(service="kubernetes", operation="create", code="403", raw_text=words))

    assert found is not None
    assert str(found.cause) == (
        "The bot (workspace-bot) doesn't have permission to create profiles in Kubernetes."
    )
    assert not found.retryable


@pytest.mark.parametrize(
    ("words", "retryable"),
    [
        ("Rate exceeded", True),
        ("The provided token has expired.", False),
        ('Read timeout on endpoint URL: "https://s3.ap-northeast-2.amazonaws.com/"', True),
    ],
)
@pytest.mark.parametrize("service", GROUPS["aws"])
def test_what_every_service_of_aws_may_say_is_known_of_each(
    service: str, words: str, *, retryable: bool
) -> None:
    found = diagnose(SOMETHING, Cause(service=service, operation="any", raw_text=words))

    assert found is not None
    assert found.retryable is retryable


NO_WAY = "dial tcp 10.0.0.1:443: connect: connection refused"
NO_CAPACITY = (
    "We currently do not have sufficient m5.xlarge capacity in the Availability Zone you requested (z-2a)."
)
ISSUES = f"Issue(Code=NodeCreationFailure, Message=Instances failed to join), Issue(Message={NO_CAPACITY})"
NOT_JOINED = "NodeCreationFailure: Instances failed to join the kubernetes cluster"


def not_launched(why: str) -> str:
    """As EKS tells it, in a stack's event: none of the machines was ever there."""
    launch = f"Issue(Code=AsgInstanceLaunchFailures, Message={why} Launching EC2 instance failed."
    joined = "Issue(Code=NodeCreationFailure, Message=Instances failed to join the kubernetes cluster"
    return f"[{launch}, ResourceIds=[eks-ng-eea63d5d]), {joined}, ResourceIds=[DUMMY_04f2c42f])]"


UNFULFILLED = not_launched(
    "Could not launch On-Demand Instances. UnfulfillableCapacity - Unable to fulfill capacity due to your"
    " request configuration. Please adjust your request and try again."
)
UNAUTHORIZED = not_launched("UnauthorizedOperation - You are not authorized to perform this operation.")
RUN_INSTANCES = not_launched(
    "You are not authorized. User: bot is not authorized to perform: ec2:RunInstances."
)
FREE_TIER = not_launched(
    "Could not launch On-Demand Instances. InvalidParameterCombination - The specified instance type is not"
    " eligible for Free Tier."
)
LIMITED = not_launched("RequestLimitExceeded - Request limit exceeded.")
NO_RIGHT_TO = "User: bot is not authorized to perform: autoscaling:"
UNTRUSTED = "x509: certificate signed by unknown authority"
TWO_BUDGETS = (
    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
)
NOT_DRAINED = 'timed out waiting for nodegroup "ng" to be drained'
NOT_AS_EXPECTED = "the answer is not as expected: KeyError 'specs'"
NO_RIGHT = "User: bot is not authorized to perform: ec2:DescribeSubnets because no policy allows it"
NO_TIME = "unable to return a response in the time allotted (post profiles.kubeflow.org)"
NO_WEBHOOK = 'failed calling webhook "w.example.com": Post "https://w.svc/": connect: connection refused'


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (
            FREE_TIER,
            "InvalidParameterCombination - The specified instance type is not eligible for Free Tier",
        ),
        (f"AsgInstanceLaunchFailures: It is odd.; {NOT_JOINED}", "It is odd"),
        (
            "Nodegroup ng: [{Code: AsgInstanceLaunchFailures,Message: It is odd.,ResourceIds: [eks",
            "It is odd",
        ),
        ("[Issue(Code=AsgInstanceLaunchFailures, Message=It is od", "It is od"),
    ],
)
def test_a_launch_that_failed_is_told_by_its_reason(words: str, why: str) -> None:
    found = diagnose(SOMETHING, Cause(service="eks", operation="any", raw_text=words))

    assert found is not None
    assert str(found.cause) == f"AWS couldn't start the instances: {why}."


@pytest.mark.parametrize(
    ("right", "service", "code", "words"),
    [
        ("aws-unreachable", "eksctl", "exit 1", f'request send failed, Post "https://sts.example": {NO_WAY}'),
        ("eksctl-cluster-unreachable", "eksctl", "exit 1", f'Error: Get "https://10.0.0.1/api": {NO_WAY}'),
        (
            "aws-certificate",
            "eksctl",
            "exit 1",
            f'request send failed, Post "https://sts.example": {UNTRUSTED}',
        ),
        (
            "eksctl-cluster-certificate",
            "eksctl",
            "exit 1",
            f'Error: Get "https://10.0.0.1/api": tls: bad: {UNTRUSTED}',
        ),
        ("aws-no-permission", "cloudformation", "AccessDenied", NO_RIGHT),
        ("aws-no-permission", "autoscaling", "AccessDenied", f"{NO_RIGHT_TO}DescribeAutoScalingGroups"),
        ("nodegroup-tags-denied", "autoscaling", "AccessDenied", f"{NO_RIGHT_TO}CreateOrUpdateTags"),
        ("nodegroup-drain-two-budgets", "eksctl", "exit 1", f"{TWO_BUDGETS}\n{NOT_DRAINED}"),
        ("aws-throttled", "eksctl", "exit 1", "CreateStack, api error Throttling: Rate exceeded"),
        ("nodegroup-no-capacity", "cloudformation", "CREATE_FAILED/ManagedNodeGroup", ISSUES),
        ("nodegroup-no-fitting-capacity", "cloudformation", "CREATE_FAILED/ManagedNodeGroup", UNFULFILLED),
        ("aws-no-permission-unnamed", "cloudformation", "CREATE_FAILED/ManagedNodeGroup", UNAUTHORIZED),
        ("aws-no-permission", "cloudformation", "CREATE_FAILED/ManagedNodeGroup", RUN_INSTANCES),
        ("nodegroup-not-launched", "cloudformation", "CREATE_FAILED/ManagedNodeGroup", FREE_TIER),
        ("nodegroup-not-launched", "eks", "CREATE_FAILED", f"AsgInstanceLaunchFailures: Odd; {NOT_JOINED}"),
        ("aws-throttled", "cloudformation", "CREATE_FAILED/ManagedNodeGroup", LIMITED),
        ("nodegroup-nodes-do-not-join", "eks", "CREATE_FAILED", NOT_JOINED),
        ("aws-no-permission", "ec2", "UnauthorizedOperation", f"You are not authorized. {NO_RIGHT}"),
        ("iam-policy-size", "iam", "LimitExceeded", "Cannot exceed quota for PolicySize: 6144"),
        ("iam-policy-versions", "iam", "LimitExceeded", "A managed policy can have up to 5 versions."),
        ("kubernetes-busy", "kubernetes", "504", NO_TIME),
        ("kubernetes-webhook-down", "kubernetes", "500", NO_WEBHOOK),
        ("conductor-session-ended", "conductor", "401", "Could not validate credentials"),
    ],
)
def test_of_two_that_look_alike_the_right_one_is_taken(
    right: str, service: str, code: str, words: str
) -> None:
    cause = Cause(service=service, operation="any", code=code, raw_text=words)

    assert next(entry.id for entry in catalogue() if entry.values(SOMETHING, cause) is not None) == right


@pytest.mark.parametrize(
    "operation", ["check health", "read version", "list workspaces", "read workspace", "list solutions"]
)
@pytest.mark.parametrize(("code", "words"), [("404", "Not Found"), ("200", NOT_AS_EXPECTED)])
def test_a_read_of_ai_conductor_that_no_file_changes_is_not_blamed_on_the_file(
    operation: str, code: str, words: str
) -> None:
    cause = Cause(service="conductor", operation=operation, code=code, raw_text=words)
    found = diagnose(SOMETHING, cause)

    assert found is not None
    assert "no setting changes this call" in str(found.remedy)


def test_the_login_of_ai_conductor_is_in_no_file_either() -> None:
    words = "the answer has no cookie access-token, or no object"
    cause = Cause(service="conductor", operation="log in", code="200", raw_text=words)
    found = diagnose(SOMETHING, cause)

    assert found is not None
    assert "no setting changes this call" in str(found.remedy)


@pytest.mark.parametrize("operation", ["create workspace", "list accounts"])
def test_a_call_of_ai_conductor_that_stands_in_the_file_is_looked_for_there(operation: str) -> None:
    cause = Cause(service="conductor", operation=operation, code="404", raw_text="Not Found")
    found = diagnose(SOMETHING, cause)

    assert found is not None
    assert "its file of calls" in str(found.remedy)


def test_what_the_vendor_says_goes_before_what_we_could_not_do() -> None:
    what = Message("Dex failed to start with {user}, so the bot removed that login", user="me@aic.com")
    cause = Cause(service="dex", operation="start", raw_text="no password hash provided")

    alone, told = diagnose(what, None), diagnose(what, cause)

    assert alone is not None
    assert told is not None
    assert "didn't become ready in time" in str(alone.cause)
    assert "no password hash" in str(told.cause)


def test_every_sentence_is_there_to_be_translated() -> None:
    assert len(templates()) == 2 * len(catalogue()) + sum(bool(entry.deletion) for entry in catalogue())
    assert set(templates()) <= {found.text for found in everything()}


@known
def test_no_remedy_sends_to_roll_back_which_a_failed_repair_does_not_offer(entry: Known) -> None:
    assert "roll back" not in entry.remedy.lower()
