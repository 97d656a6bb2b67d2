"""The file for eksctl: as a person would write it, and as eksctl's own schema wants it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from provisioner.stages.nodegroup.config import (
    ClusterConfig,
    ManagedNodeGroup,
    Metadata,
    Subnet,
    Subnets,
    Vpc,
)

GOLDEN = Path(__file__).parent / "golden" / "nodegroup.yaml"
EKSCTL = "github.com/weaveworks/eksctl@v0.230.0"
SCHEMA = "pkg/apis/eksctl.io/v1alpha5/assets/schema.json"


def a_config(*, owned: bool = True) -> ClusterConfig:
    private = {
        "subnet-1": Subnet(id="subnet-1", az="ap-northeast-2a"),
        "subnet-2": Subnet(id="subnet-2", az="ap-northeast-2c"),
    }
    group = ManagedNodeGroup(
        name="ng-an2-aicond-alpha-ws-standard",
        ami_family="AmazonLinux2023",
        instance_types=("m5.xlarge",),
        availability_zones=("ap-northeast-2a", "ap-northeast-2c"),
        desired_capacity=1,
        max_size=3,
        labels={"aic-role": "alpha-ws-standard"},
        tags={"workspace-bot/project": "alpha"},
    )
    return ClusterConfig(
        metadata=Metadata(name="eks-an2-meerkat-prod", region="ap-northeast-2"),
        vpc=None if owned else Vpc(id="vpc-1", security_group="sg-1", subnets=Subnets(private=private)),
        managed_node_groups=(group,),
    )


@pytest.fixture(scope="module")
def schema() -> Any:
    """eksctl's own, out of its Go module."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("Go does not run on this machine")
    done = subprocess.run(
        [go, "mod", "download", "-json", EKSCTL], check=False, capture_output=True, text=True, timeout=100
    )
    if done.returncode:
        pytest.skip("Go cannot fetch other projects' modules on this machine")
    return json.loads((Path(json.loads(done.stdout)["Dir"]) / SCHEMA).read_text())


def test_T51_it_says_what_a_person_would_have_written() -> None:
    assert yaml.safe_load(a_config().text()) == yaml.safe_load(GOLDEN.read_text())


def test_the_network_is_written_where_it_is_needed() -> None:
    assert yaml.safe_load(a_config(owned=False).text())["vpc"] == {
        "id": "vpc-1",
        "securityGroup": "sg-1",
        "subnets": {
            "private": {
                "subnet-1": {"id": "subnet-1", "az": "ap-northeast-2a"},
                "subnet-2": {"id": "subnet-2", "az": "ap-northeast-2c"},
            }
        },
    }


@pytest.mark.parametrize("config", [a_config(), a_config(owned=False)], ids=["owned", "not owned"])
def test_eksctls_own_schema_has_nothing_against_it(schema: Any, config: ClusterConfig) -> None:
    errors = Draft7Validator(schema).iter_errors(json.loads(config.text()))

    assert [error.message for error in errors] == []


def test_eksctls_own_schema_would_find_a_key_that_it_does_not_know(schema: Any) -> None:
    config = json.loads(a_config().text())
    config["managedNodeGroups"][0]["privateNetwork"] = True

    (error,) = Draft7Validator(schema).iter_errors(config)

    assert "privateNetwork" in error.message
