"""The node group: the laws over the fakes, and what the runbook's traps ask of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from provisioner.engine.stage import Goal, Plan, StagePlan, Verb
from provisioner.stages.nodegroup.state import Task
from provisioner.vendor_call import Interrupted, NotOurs, Permanent, Temporary
from provisioner.workspace import NodeSpec
from tests.builders import a_platform, a_workspace
from tests.fakes.nodegroups import NO_CAPACITY, FakeChild, FakeStack
from tests.laws.stage_laws import Fresh, StageCase, StageLaws, Trip, made
from tests.unit.provisioner.stages.nodegroup.cases import (
    GPU_NAME,
    NAME,
    OURS,
    ROLE_TAG,
    STACK,
    WS,
    a_case,
    a_group,
    a_stage,
    cloud_of,
    failed,
    reasons,
    unseen,
)


class TestLaws(StageLaws):
    @pytest.fixture
    def fresh(self) -> Fresh:
        return a_case


class TestPlan:
    def test_what_binds_stands_in_the_target_and_what_ec2_says_in_the_detail(self) -> None:
        (change,) = Trip(a_case(), Goal.PRESENT).changes()

        assert str(change.target) == f"EKS node group {NAME}: m5.xlarge, 1 initial nodes, 3 maximum"
        assert str(change.detail) == "4 vCPU and 16 GiB each, in a, c"

    def test_a_half_made_group_is_covered_by_what_was_approved(self) -> None:
        case = a_case()
        (approved,) = Trip(case, Goal.PRESENT).changes()
        case.halves["without the autoscaler's tags"]()

        (left,) = Trip(case, Goal.PRESENT).changes()

        plan = Plan(Goal.PRESENT, (StagePlan("nodegroup", a_stage(case.client).title, (approved,)),))
        assert (approved.verb, left.verb) == (Verb.CREATE, Verb.UPDATE)
        assert plan.covers("nodegroup", left)

    def test_gpus_bring_a_device_plugin_for_the_whole_cluster(self) -> None:
        (change,) = Trip(a_case(a_workspace(spec="gpu")), Goal.PRESENT).changes()

        assert "1 GPU each, in a; for NVIDIA GPUs, eksctl installs" in str(change.detail)

    def test_T43_a_type_that_no_zone_of_the_cluster_offers_is_found_before_anybody_is_asked(self) -> None:
        case = a_case()
        cloud_of(case).offered["m5.xlarge"] = {"b", "d"}

        error = failed(Trip(case, Goal.PRESENT))

        assert str(error) == (
            "m5.xlarge is offered in b, d, but the cluster has private subnets only in a, c"
        )
        assert error.hint is not None

    def test_T43_only_zones_that_offer_the_type_and_have_a_private_subnet_are_named(self) -> None:
        case = a_case(a_workspace(spec="gpu"))
        Trip(case, Goal.PRESENT).turn()

        config = cloud_of(case).children[GPU_NAME].config

        assert config is not None
        assert config.managed_node_groups[0].availability_zones == ("a",)

    def test_T50_a_type_that_ec2_does_not_know_is_found_before_anybody_is_asked(self) -> None:
        specs = {"standard": NodeSpec(instance_type="m5.huge")}
        case = a_case(a_workspace(platform=a_platform(specs=specs)))

        assert "cannot read instance type m5.huge" in str(failed(Trip(case, Goal.PRESENT)))

    def test_what_only_a_create_needs_does_not_stop_a_delete(self) -> None:
        case = made(a_case())
        cloud_of(case).offered.clear()
        cloud_of(case).types.clear()

        Trip(case, Goal.ABSENT).arrive()

        assert Trip(case, Goal.ABSENT).changes() == ()

    def test_what_only_a_delete_needs_does_not_stop_a_create(self) -> None:
        case = a_case()
        cloud_of(case).fault = "cluster-down"

        made(case)

        with pytest.raises(Temporary, match="cannot read the nodes"):
            Trip(case, Goal.ABSENT).changes()

    @pytest.mark.parametrize(
        "other",
        [{"instance_type": "t3.large"}, {"most": 9}, {"labels": {"aic-role": "beta-ws-standard"}}],
        ids=str,
    )
    def test_one_that_is_ours_and_differs_is_said_and_not_changed(self, other: dict[str, Any]) -> None:
        case = a_case()
        cloud_of(case).stacks[STACK] = FakeStack("CREATE_COMPLETE", OURS)
        cloud_of(case).grouped[NAME] = a_group(**other)

        error = failed(Trip(case, Goal.PRESENT))

        assert str(error.what).startswith(f"EKS node group {NAME} already exists with ")
        assert "The bot can't change an existing node group" in str(error.hint)
        assert not isinstance(error, NotOurs)

    def test_one_that_differs_is_said_while_it_is_still_being_made(self) -> None:
        case = a_case()
        cloud_of(case).stacks[STACK] = FakeStack("CREATE_IN_PROGRESS", OURS)
        cloud_of(case).grouped[NAME] = a_group(status="CREATING", most=9)

        assert "9 maximum nodes" in str(failed(Trip(case, Goal.PRESENT)))

    def test_one_that_a_delete_left_with_its_nodes_is_not_cleared_away_by_a_create(self) -> None:
        case = a_case()
        cloud_of(case).stacks[STACK] = FakeStack("DELETE_FAILED", OURS)
        cloud_of(case).grouped[NAME] = a_group()

        assert str(failed(Trip(case, Goal.PRESENT)).what) == (f"cannot delete CloudFormation stack {STACK}")

    def test_what_the_autoscaler_moved_is_no_difference(self) -> None:
        case = made(a_case())
        cloud_of(case).grouped[NAME].nodes = 3

        assert Trip(case, Goal.PRESENT).changes() == ()

    def test_one_that_is_not_well_is_told_with_its_health(self) -> None:
        case = made(a_case())
        group = cloud_of(case).grouped[NAME]
        group.status, group.issues = "DEGRADED", ("AsgInstanceLaunchFailures: You've reached your quota",)

        error = failed(Trip(case, Goal.PRESENT))

        assert str(error) == f"EKS node group {NAME} is DEGRADED: {group.issues[0]}"

    def test_T48_a_delete_finds_the_groups_of_all_specs_and_no_neighbours(self) -> None:
        case = made(a_case())
        cloud_of(case).stacks[WS.stack_of(GPU_NAME)] = FakeStack("ROLLBACK_COMPLETE", OURS)

        changes = Trip(case, Goal.ABSENT).changes()

        assert [str(change.target) for change in changes] == [
            f"EKS node group {NAME}",
            (f"EKS node group {GPU_NAME}"),
        ]

    def test_T48_a_spec_that_is_no_longer_configured_is_still_deleted(self) -> None:
        case = made(a_case())
        specs = {"big": NodeSpec(instance_type="m5.4xlarge")}
        case.ws = a_workspace(platform=a_platform(specs=specs))

        Trip(case, Goal.ABSENT).arrive()

        assert case.ours() == (None, None)

    def test_T49_who_runs_there_is_told_and_is_a_loss(self) -> None:
        case = made(a_case())
        group = cloud_of(case).grouped[NAME]
        group.nodes, group.pods = 2, {"aic-ns-alpha-ws/train": "", "aic-ns-alpha-ws/notebook": ""}

        (change,) = Trip(case, Goal.ABSENT).changes()

        assert str(change.detail) == "2 nodes, 2 running pods"
        assert change.destroys_data

    def test_T49_work_that_began_after_the_approval_is_not_covered_by_it(self) -> None:
        case = made(a_case())
        changes = Trip(case, Goal.ABSENT).changes()
        cloud_of(case).grouped[NAME].pods["aic-ns-alpha-ws/train"] = ""

        (change,) = Trip(case, Goal.ABSENT).changes()

        plan = Plan(Goal.ABSENT, (StagePlan("nodegroup", a_stage(case.client).title, changes),))
        assert [(one.verb, str(one.target), one.destroys_data) for one in changes] == [
            (Verb.DELETE, f"EKS node group {NAME}", False)
        ]
        assert not plan.covers("nodegroup", change)


def begun_to_fail() -> tuple[StageCase, Trip]:
    """There is a stack, and AWS has no machine for it."""
    case = a_case()
    cloud_of(case).fault = "no-capacity"
    trip = Trip(case, Goal.PRESENT)
    trip.turn()
    case.pass_time(2)
    trip.turn()
    return case, trip


class TestCreate:
    def test_it_tells_how_far_it_is(self) -> None:
        assert reasons(Trip(a_case(), Goal.PRESENT)) == [
            "waiting for eksctl to create the stack",
            "in progress in AWS: CREATE_IN_PROGRESS: ManagedNodeGroup CREATE_IN_PROGRESS",
        ]

    def test_T51_the_config_says_what_the_runbook_says_and_imds_version_2_only(self) -> None:
        case = a_case(a_workspace(desired=2, max=5))
        Trip(case, Goal.PRESENT).turn()

        config = cloud_of(case).children[NAME].config

        assert config is not None
        (group,) = config.managed_node_groups
        assert (group.min_size, group.desired_capacity, group.max_size) == (0, 2, 5)
        assert (group.labels, group.tags) == ({"aic-role": "alpha-ws-standard"}, OURS)
        assert (group.disable_imds_v1, group.propagate_asg_tags) == (True, True)
        assert (group.ami_family, config.vpc) == ("AmazonLinux2023", None)

    def test_the_network_is_given_where_eksctl_did_not_make_the_cluster(self) -> None:
        case = a_case()
        cloud_of(case).net = replace(cloud_of(case).net, owned=False)
        Trip(case, Goal.PRESENT).turn()

        config = cloud_of(case).children[NAME].config

        assert config is not None
        assert config.vpc is not None
        assert (config.vpc.id, config.vpc.security_group) == ("vpc-1", "sg-1")
        assert [(key, one.id, one.az) for key, one in config.vpc.subnets.private.items()] == [
            ("subnet-a", "subnet-a", "a"),
            ("subnet-c", "subnet-c", "c"),
        ]

    def test_eksctl_killed_with_us_before_its_stack_is_started_again(self) -> None:
        case = a_case()
        trip = Trip(case, Goal.PRESENT)
        trip.turn()
        cloud_of(case).kill()

        trip.arrive()

        assert trip.wire.made == ["start_create", "start_create", "dismiss", "tag"]

    def test_eksctl_killed_with_us_while_its_stack_goes_on_leaves_the_tags_to_us(self) -> None:
        case = a_case()
        trip = Trip(case, Goal.PRESENT)
        trip.turn()
        unseen(case, 2)
        cloud_of(case).kill()

        trip.arrive()

        assert trip.wire.made == ["start_create", "tag"]
        assert cloud_of(case).grouped[NAME].scaling_tags == OURS | {ROLE_TAG: "alpha-ws-standard"}

    def test_a_stack_on_its_way_is_adopted_by_another_attempt(self) -> None:
        case = a_case()
        first = Trip(case, Goal.PRESENT)
        first.turn()
        case.pass_time(2)
        first.turn()
        case.pass_time(1)

        second = Trip(case, Goal.PRESENT).arrive()

        assert second.wire.made == ["tag"]

    def test_exit_0_with_nothing_made_is_an_error_in_eksctls_words(self) -> None:
        case = a_case()
        cloud_of(case).fault = "nothing-made"

        error = failed(Trip(case, Goal.PRESENT))

        assert str(error) == (
            f"eksctl succeeded, but EKS node group {NAME} doesn't exist: created 0 managed nodegroup(s)"
        )
        assert error.cause is not None
        assert (error.cause.service, error.cause.operation) == ("eksctl", "create nodegroup")

    def test_exit_1_after_all_was_made_is_no_error(self) -> None:
        case = a_case()
        cloud = cloud_of(case)
        cloud.fault = "tags-denied"
        trip = Trip(case, Goal.PRESENT)
        trip.turn()
        unseen(case, 60)

        assert "not authorized" in str(failed(trip))
        cloud.fault = ""
        again = Trip(case, Goal.PRESENT).arrive()

        assert cloud.children[NAME].exit_code == 1
        assert again.wire.made == ["tag"]

    def test_without_a_stack_eksctl_is_quoted(self) -> None:
        case = a_case()
        cloud_of(case).fault = "no-stack"

        error = failed(Trip(case, Goal.PRESENT))

        assert error.cause is not None
        assert (error.cause.service, error.cause.code) == ("eksctl", "exit 1")
        assert error.cause.raw_text == "creating CloudFormation stack: api error AccessDenied"

    def test_a_failed_stack_is_told_with_its_first_cause(self) -> None:
        case = a_case()
        cloud_of(case).fault = "no-capacity"

        error = failed(Trip(case, Goal.PRESENT))

        assert str(error.what) == f"cannot create EKS node group {NAME}"
        assert error.cause is not None
        assert (error.cause.service, error.cause.operation) == ("cloudformation", "CreateStack")
        assert (error.cause.code, error.cause.raw_text) == ("CREATE_FAILED/ManagedNodeGroup", NO_CAPACITY)

    def test_a_failed_stack_is_told_also_after_eksctl_died_with_us(self) -> None:
        case, trip = begun_to_fail()
        cloud_of(case).kill()

        assert NO_CAPACITY in str(failed(trip))

    def test_a_stack_that_another_replica_began_and_that_failed_is_told_and_not_made_again(self) -> None:
        case, trip = begun_to_fail()
        cloud_of(case).children.clear()  # its folder is in the other one

        assert NO_CAPACITY in str(failed(trip))
        assert trip.wire.made == ["start_create", "dismiss"]

    def test_T46_a_retry_deletes_the_failed_stack_that_eksctl_would_take_for_a_node_group(self) -> None:
        case = a_case()
        cloud_of(case).fault = "no-capacity"
        failed(Trip(case, Goal.PRESENT))
        cloud_of(case).fault = ""
        case.pass_time(1)

        again = Trip(case, Goal.PRESENT).arrive()

        assert again.wire.made == ["delete_stack", "start_create", "dismiss", "tag"]
        assert case.ours() == made(a_case()).ours()

    def test_the_words_of_an_earlier_attempt_are_not_believed_again(self) -> None:
        case = made(a_case())
        cloud = cloud_of(case)
        case.pass_time(60)
        cloud.stacks.pop(STACK)
        cloud.grouped.pop(NAME)

        again = Trip(case, Goal.PRESENT).arrive()

        assert again.wire.made == ["start_create", "dismiss", "tag"]

    def test_a_stack_that_cannot_be_cleared_away_is_told_once_it_was_tried(self) -> None:
        case = a_case()
        cloud = cloud_of(case)
        cloud.stacks[STACK], cloud.fault = FakeStack("DELETE_FAILED", OURS), "undeletable"

        error = failed(Trip(case, Goal.PRESENT))

        assert str(error) == (
            f"cannot delete CloudFormation stack {STACK}: Cannot delete entity, must detach first"
        )

    def test_one_that_is_still_leaving_is_waited_for_and_made_anew(self) -> None:
        case = made(a_case())
        cloud_of(case).grouped[NAME].pods["a/b"] = "a/budget"
        leaving = Trip(case, Goal.ABSENT)
        leaving.turn()
        case.pass_time(2)
        leaving.turn()
        cloud_of(case).grouped[NAME].pods.clear()

        again = Trip(case, Goal.PRESENT).arrive()

        assert again.wire.made == ["dismiss", "start_create", "dismiss", "tag"]

    def test_told_to_stop_it_starts_nothing(self) -> None:
        case = a_case()

        with pytest.raises(Interrupted):
            Trip(case, Goal.PRESENT, stop_before=1).arrive()

        assert cloud_of(case).children == {}


class TestDelete:
    def test_T46_it_is_done_only_when_stack_and_node_group_are_looked_for_and_not_found(self) -> None:
        case = made(a_case())
        trip = Trip(case, Goal.ABSENT)
        told = reasons(trip)

        assert told == [
            f"eksctl is draining EKS node group {NAME}",
            f"EKS node group {NAME} is being deleted (DELETING: stack DELETE_IN_PROGRESS)",
        ]
        assert case.ours() == (None, None)
        assert trip.wire.made == ["start_delete", "dismiss"]

    def test_T49_a_drain_that_is_blocked_names_the_pod_and_its_budget_while_it_hangs(self) -> None:
        case = made(a_case())
        cloud_of(case).grouped[NAME].pods = {"a/free": "", "a/held": "a/budget"}
        trip = Trip(case, Goal.ABSENT)
        trip.turn()
        case.pass_time(2)

        _, wait = trip.turn()

        assert wait is not None
        assert str(wait.reason) == (
            f"waiting to drain EKS node group {NAME}: pod disruption budget a/budget blocks pod a/held"
        )

    def test_T49_a_drain_that_eksctl_gives_up_names_them_too(self) -> None:
        case = made(a_case())
        cloud_of(case).grouped[NAME].pods = {"a/held": "a/budget", "b/held": "b/budget"}

        error = failed(Trip(case, Goal.ABSENT))

        assert str(error.what) == (
            f"cannot drain EKS node group {NAME}: pod disruption budget a/budget blocks pod a/held, one of 2"
        )
        assert error.cause is not None
        assert "timed out waiting for nodegroup" in error.cause.raw_text

    def test_a_retry_drains_again(self) -> None:
        case = made(a_case())
        group = cloud_of(case).grouped[NAME]
        group.pods = {"a/held": "a/budget"}
        failed(Trip(case, Goal.ABSENT))
        group.pods.clear()
        case.pass_time(1)

        again = Trip(case, Goal.ABSENT).arrive()

        assert again.wire.made == ["start_delete", "dismiss"]

    def test_a_stack_that_cannot_be_deleted_is_told_with_its_first_cause_and_tried_again(self) -> None:
        case = made(a_case())
        cloud_of(case).fault = "undeletable"
        error = failed(Trip(case, Goal.ABSENT))
        cloud_of(case).fault = ""
        case.pass_time(1)

        again = Trip(case, Goal.ABSENT).arrive()

        assert error.cause is not None
        assert error.cause.code == "DELETE_FAILED/NodeInstanceRole"
        assert error.cause.raw_text == "Cannot delete entity, must detach first"
        assert again.wire.made == ["delete_stack"]

    def test_a_failed_stack_without_a_node_group_is_deleted_as_well(self) -> None:
        case = a_case()
        case.halves["a failed earlier try"]()

        trip = Trip(case, Goal.ABSENT)
        (change,) = trip.changes()
        trip.arrive()

        assert str(change.detail) == str(change.state) == ("only the failed stack exists, ROLLBACK_COMPLETE")
        assert trip.wire.made == ["delete_stack"]

    def test_one_that_is_still_being_made_is_deleted_and_its_eksctl_ended(self) -> None:
        case = a_case()
        Trip(case, Goal.PRESENT).turn()
        case.pass_time(3)
        assert Trip(case, Goal.ABSENT).changes()

        Trip(case, Goal.ABSENT).arrive()
        case.pass_time(60)

        assert case.ours() == (None, None)

    def test_an_eksctl_that_has_made_nothing_yet_is_ended_before_it_does(self) -> None:
        case = a_case()
        Trip(case, Goal.PRESENT).turn()

        trip = Trip(case, Goal.ABSENT).arrive()
        case.pass_time(60)

        assert trip.wire.made == ["end"]
        assert case.ours() == (None, None)

    def test_a_rollback_is_waited_for(self) -> None:
        case = a_case()
        cloud_of(case).fault = "no-capacity"
        with pytest.raises(Permanent):
            Trip(case, Goal.PRESENT).arrive()
        assert cloud_of(case).stacks[STACK].status == "ROLLBACK_IN_PROGRESS"

        trip = Trip(case, Goal.ABSENT).arrive()

        assert trip.wire.made == ["delete_stack"]

    def test_exit_0_with_nothing_deleted_is_an_error(self) -> None:
        case = made(a_case())
        child = FakeChild(Task.DELETE, case.clock(), running=False, exit_code=0, words="deleted 0")
        cloud_of(case).children[NAME] = child

        assert str(failed(Trip(case, Goal.ABSENT))) == (f"cannot delete EKS node group {NAME}: deleted 0")

    def test_T47_it_is_deleted_by_its_derived_name(self) -> None:
        case = made(a_case())

        Trip(case, Goal.ABSENT).turn()

        assert cloud_of(case).children[NAME].task is Task.DELETE


def test_what_runs_on_the_nodes_is_asked_for_a_delete_only() -> None:
    case = made(a_case())
    cloud_of(case).fault = "cluster-down"

    assert Trip(case, Goal.PRESENT).changes() == ()
    with pytest.raises(Temporary, match="cannot read the nodes"):
        Trip(case, Goal.ABSENT).changes()
