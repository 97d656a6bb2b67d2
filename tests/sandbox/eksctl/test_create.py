"""`eksctl create nodegroup`, case by case as the real one was recorded."""

import pytest

from sandbox.serving.callfaults import Kind
from tests.sandbox.eksctl.desk import BOT_KEY, CLUSTER, REGION, Desk
from tests.sandbox.eventually import eventually

GAVE_UP = (
    "[ℹ]  1 error(s) occurred and nodegroups haven't been created properly, you may wish to check "
    "CloudFormation console"
)
FAILED = f'Error: failed to create nodegroups for cluster "{CLUSTER}"\n'
USES = "[ℹ]  will use version 1.34 for new nodegroup(s) based on control plane version"
PROVIDER = "Error: could not create cluster provider from options: "


def test_a_group_is_made(desk: Desk) -> None:
    ended = desk.child(
        "create", "nodegroup", f"--config-file={desk.config()}", "--timeout=60s", "--color=false"
    )

    assert (ended.code, ended.err) == (0, "")
    assert ended.lines[0] == USES
    assert f'[ℹ]  nodegroup "{desk.group}" will use "" [AmazonLinux2023/1.34]' in ended.lines
    assert f"[ℹ]  1 nodegroup ({desk.group}) was included (based on the include/exclude rules)" in ended.lines
    assert f'[ℹ]  building managed nodegroup stack "{desk.stack}"' in ended.lines
    assert f'[ℹ]  deploying stack "{desk.stack}"' in ended.lines
    assert f'[✔]  created 1 managed nodegroup(s) in cluster "{CLUSTER}"' in ended.lines
    assert ended.lines[-1] == "[ℹ]  all nodegroups have up-to-date cloudformation templates"
    (made,) = [each for each in desk.aws.nodegroups() if each.name == desk.group]
    assert (made.status, made.instance_type, made.desired, made.largest) == ("ACTIVE", "m5.xlarge", 1, 3)
    assert made.labels["aic-role"] == "alpha-ws-standard"
    assert made.tags["workspace"] == "alpha"


def test_its_stack_is_protected_and_its_labels_are_on_the_scaling_group(desk: Desk) -> None:
    ended = desk.create(taints=[{"key": "gpu", "value": "only", "effect": "NoSchedule"}])

    assert (
        "[ℹ]  \n2 sequential tasks: { fix cluster compatibility, 1 task: { 1 task: { \n"
        "    2 sequential sub-tasks: { \n"
        f'        create managed nodegroup "{desk.group}",\n'
        f'        propagate tags to ASG for managed nodegroup "{desk.group}",\n'
        "    } } } \n}\n[ℹ]  checking cluster stack for missing resources\n"
    ) in ended.out
    stack = desk.described()
    tags = {tag["Key"]: tag["Value"] for tag in stack["Tags"]}
    resources = desk.clients["cloudformation"].describe_stack_resources(StackName=desk.stack)[
        "StackResources"
    ]
    assert stack["EnableTerminationProtection"]
    assert stack["Capabilities"] == ["CAPABILITY_IAM"]
    assert tags["workspace"] == "alpha"
    assert tags["alpha.eksctl.io/cluster-name"] == CLUSTER
    assert tags["alpha.eksctl.io/nodegroup-name"] == desk.group
    assert tags["alpha.eksctl.io/nodegroup-type"] == "managed"
    assert {each["LogicalResourceId"]: each["ResourceType"] for each in resources} == {
        "LaunchTemplate": "AWS::EC2::LaunchTemplate",
        "NodeInstanceRole": "AWS::IAM::Role",
        "PolicyAutoScaling": "AWS::IAM::Policy",
        "ManagedNodeGroup": "AWS::EKS::Nodegroup",
    }
    (made,) = [each for each in desk.aws.nodegroups() if each.name == desk.group]
    node_template = "k8s.io/cluster-autoscaler/node-template"
    assert made.group_tags[f"{node_template}/label/aic-role"] == "alpha-ws-standard"
    assert made.group_tags[f"{node_template}/taint/gpu"] == "only"
    assert made.group_tags["workspace"] == "alpha"


def test_without_propagation_they_are_not(desk: Desk) -> None:
    ended = desk.create(propagateASGTags=False)

    (made,) = [each for each in desk.aws.nodegroups() if each.name == desk.group]
    assert ended.code == 0
    assert not [key for key in made.group_tags if "node-template" in key]


def test_it_waits_for_as_many_nodes_as_there_have_to_be(desk: Desk) -> None:
    ended = desk.create(minSize=2, desiredCapacity=2)

    assert ended.code == 0
    assert f'[ℹ]  waiting for at least 2 node(s) to become ready in "{desk.group}"' in ended.lines
    assert f'[ℹ]  nodegroup "{desk.group}" has 2 node(s)' in ended.lines
    assert len(desk.nodes()) == 2


def test_nodes_that_do_not_come_are_waited_for_until_the_time_is_over(desk: Desk) -> None:
    desk.aws.faults.add(Kind.ACCESS_DENIED, "eks.ListNodegroups", times=0, key_id="AKIASANDBOXNODES")

    ended = desk.create("--timeout=2s", minSize=1)

    assert (ended.code, ended.err) == (
        1,
        (
            "Error: timed out waiting for at least 1 nodes to join the cluster and become ready in "
            f'"{desk.group}": context deadline exceeded\n'
        ),
    )
    assert desk.exists()


def test_a_group_that_exists_is_no_error_and_nothing_is_made(desk: Desk) -> None:
    desk.create()

    ended = desk.child("create", "nodegroup", "-f", desk.config(maxSize=5))

    assert (ended.code, ended.err) == (0, "")
    assert desk.group in next(line for line in ended.lines if line.endswith("will be excluded"))
    assert f'[✔]  created 0 managed nodegroup(s) in cluster "{CLUSTER}"' in ended.lines
    (made,) = [each for each in desk.aws.nodegroups() if each.name == desk.group]
    assert made.largest == 3


def test_no_capacity_ends_in_a_bare_word_and_the_stack_left_over_counts_as_existing(desk: Desk) -> None:
    desk.aws.no_capacity()
    failed = desk.child("create", "nodegroup", "-f", desk.config())
    desk.aws.restore_capacity()

    again = desk.create()

    assert (failed.code, failed.err) == (1, FAILED)
    assert failed.lines[-3] == GAVE_UP
    assert failed.lines[-1] == "[✖]  waiter state transitioned to Failure"
    assert desk.described()["StackStatus"] == "ROLLBACK_COMPLETE"
    assert (again.code, again.err) == (0, "")
    assert f'[✔]  created 0 managed nodegroup(s) in cluster "{CLUSTER}"' in again.lines


def test_an_empty_desired_size_is_the_smallest(desk: Desk) -> None:
    ended = desk.child("create", "nodegroup", "-f", desk.config(desiredCapacity=None))

    assert (ended.code, ended.err) == (0, "")
    (made,) = [each for each in desk.aws.nodegroups() if each.name == desk.group]
    assert made.desired == 0


def test_amazon_linux_2_has_no_images_for_this_version(desk: Desk) -> None:
    ended = desk.child("create", "nodegroup", "-f", desk.config(amiFamily="AmazonLinux2"))

    assert (ended.code, ended.lines) == (1, [USES])
    assert ended.err == f"{PROVIDER}AmazonLinux2 is not supported for Kubernetes version 1.34\n"


def test_a_zone_that_does_not_offer_the_type_stops_it_and_no_stack_is_made(desk: Desk) -> None:
    ended = desk.child("create", "nodegroup", "-f", desk.config(instanceTypes=["p5.48xlarge"]))

    assert (ended.code, ended.err) == (1, FAILED)
    unsupported = "it doesn't support the following instance type(s): p5.48xlarge"
    assert f"[ℹ]  skipping {REGION}c from selection because {unsupported}" in ended.lines
    assert ended.lines[-3] == GAVE_UP
    assert ended.lines[-2] == (
        f"[ℹ]  to cleanup resources, run 'eksctl delete nodegroup --region={REGION} --cluster={CLUSTER} "
        "--name=<name>' for each of the failed nodegroup"
    )
    last = ended.lines[-1]
    assert last.startswith(
        f'[✖]  could not find private subnets for zones ["{REGION}a" "{REGION}c"] '
        f'(allSubnets=v1alpha5.AZSubnetMapping{{"{REGION}a":v1alpha5.AZSubnetSpec{{ID:"subnet-'
    )
    assert last.endswith(
        f"failed to select subnet {REGION}c: cannot create nodegroup {desk.group} in availability zone "
        f"{REGION}c as it does not support all required instance types"
    )
    assert not desk.exists()


def test_an_unknown_key_is_named(desk: Desk) -> None:
    path = desk.config(drop="privateNetworking", privateNetwork=True)

    ended = desk.child("create", "nodegroup", "-f", path)

    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        f'Error: couldn\'t create node group filter from command line options: loading config file "{path}": '
        'error unmarshaling JSON: while decoding JSON: json: unknown field "privateNetwork"\n'
    )


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"maxSize": 0}, "cannot use --nodes-max=0 and --nodes=1 at the same time"),
        ({"minSize": 2}, "cannot use --nodes-min=2 and --nodes=1 at the same time"),
        (
            {"minSize": 4, "desiredCapacity": None},
            "cannot use --nodes-min=4 and --nodes-max=3 at the same time",
        ),
        (
            {"updateConfig": {"maxUnavailable": 4}},
            "maxUnavailable=4 cannot be greater than maxSize=3",
        ),
        (
            {"instanceType": "m5.large"},
            "only one of instanceType or instanceTypes can be specified (managedNodeGroups[0])",
        ),
        (
            {"labels": {"kubernetes.io/role": "x"}},
            (
                "the following nodegroup labels are disallowed as they have reserved prefixes "
                "[kubernetes.io/, k8s.io/]: [kubernetes.io/role]"
            ),
        ),
        ({"volumeIOPS": 100}, "value for managedNodeGroups[0].volumeIOPS must be within range 3000-16000"),
        ({"name": ""}, "managedNodeGroups[0].name must be set"),
    ],
    ids=lambda value: "" if isinstance(value, str) else "-".join(value),
)
def test_sizes_and_names_that_contradict_each_other(
    desk: Desk, changes: dict[str, object], error: str
) -> None:
    ended = desk.create(**changes)

    assert (ended.code, ended.err) == (1, f"{PROVIDER}{error}\n")


def test_zones_without_a_subnet_of_the_cluster_are_refused(desk: Desk) -> None:
    ended = desk.create(availabilityZones=[f"{REGION}d"])

    assert ended.err.startswith(f"Error: all private subnets from {REGION}d, that the cluster was originally")


def test_the_right_to_make_stacks_may_be_missing(desk: Desk) -> None:
    desk.aws.faults.add(Kind.ACCESS_DENIED, "cloudformation.CreateStack")

    ended = desk.child("create", "nodegroup", "-f", desk.config())

    assert (ended.code, ended.err) == (1, FAILED)
    assert ended.lines[-1].startswith(
        f'[✖]  creating CloudFormation stack "{desk.stack}": operation error CloudFormation: CreateStack, '
        "https response error StatusCode: 403, RequestID: "
    )
    assert "api error AccessDenied: User: " in ended.lines[-1]
    assert not desk.exists()


def test_the_right_to_tag_scaling_groups_may_be_missing_and_the_group_is_there_all_the_same(
    desk: Desk,
) -> None:
    desk.aws.faults.add(Kind.ACCESS_DENIED, "autoscaling.CreateOrUpdateTags")

    ended = desk.child("create", "nodegroup", "-f", desk.config())

    assert (ended.code, ended.err) == (1, FAILED)
    assert ended.lines[-1].startswith(
        f'[✖]  creating or updating asg tags for managed nodegroup "{desk.group}": '
        "operation error Auto Scaling: CreateOrUpdateTags, https response error StatusCode: 403, RequestID: "
    )
    assert desk.described()["StackStatus"] == "CREATE_COMPLETE"
    (made,) = [each for each in desk.aws.nodegroups() if each.name == desk.group]
    assert made.status == "ACTIVE"


def test_whoever_the_cluster_does_not_know_gets_nowhere(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIASTRANGER")

    ended = desk.create()

    assert (ended.code, ended.err) == (
        1,
        "Error: getting list of API resources for raw REST client: Unauthorized\n",
    )


def test_too_many_calls_are_made_again(desk: Desk) -> None:
    desk.aws.faults.add(Kind.THROTTLING, "cloudformation.CreateStack", key_id=BOT_KEY)

    assert desk.create().code == 0


def test_a_gpu_type_brings_the_device_plugin(desk: Desk) -> None:
    ended = desk.create(instanceTypes=["g5.2xlarge"], availabilityZones=[f"{REGION}a"])

    assert ended.code == 0
    assert "[ℹ]  1 task: { install Nvidia device plugin }" in ended.lines
    assert '[ℹ]  created "kube-system:DaemonSet.apps/nvidia-device-plugin-daemonset"' in ended.lines
    eventually(
        lambda: desk.admin.apps.read_namespaced_daemon_set("nvidia-device-plugin-daemonset", "kube-system")
    )


def test_a_cluster_that_is_not_there(desk: Desk) -> None:
    ended = desk.run("delete", "nodegroup", "--cluster=other", f"--region={REGION}", "--name=ng")

    assert ended.code == 1
    assert ended.err.startswith(
        "Error: unable to describe cluster control plane: operation error EKS: DescribeCluster, "
        "https response error StatusCode: 404, RequestID: "
    )
    assert ended.err.endswith("ResourceNotFoundException: No cluster found for name: other.\n")
