"""What is said before anything is asked of AWS: flags and files, in the words of cobra and of Go."""

from pathlib import Path

import pytest

from sandbox.eksctl import make_program
from tests.sandbox.eksctl.desk import here, run_child

FILE = """\
apiVersion: eksctl.io/v1alpha5
kind: ClusterConfig
metadata: {name: aic, region: ap-northeast-2}
managedNodeGroups:
- {name: ng, minSize: 0, desiredCapacity: 1, maxSize: 3}
"""
LOADING = "couldn't create node group filter from command line options: loading config file"
DECODING = "error unmarshaling JSON: while decoding JSON: json:"
NO_KIND = 'in scheme "k8s.io/client-go/kubernetes/scheme/register.go:83"'


def test_it_tells_its_version_and_needs_nothing_for_it(tmp_path: Path) -> None:
    program = make_program(tmp_path)

    told = run_child(program, ("version",), {}, tmp_path)
    as_json = run_child(program, ("version", "-o", "json"), {}, tmp_path)

    assert (told.code, told.out, told.err) == (0, "0.230.0\n", "")
    assert as_json.out == (
        '{"Version":"0.230.0","PreReleaseID":"","Metadata":{"BuildDate":"","GitCommit":""}}\n'
    )


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("create nodegroup --cofnig-file=x", "unknown flag: --cofnig-file"),
        ("create nodegroup -x", "unknown shorthand flag: 'x' in -x"),
        ("create nodegroup -f", "flag needs an argument: 'f' in -f"),
        ("create nodegroup --timeout", "flag needs an argument: --timeout"),
        (
            "create nodegroup --timeout=long",
            'invalid argument "long" for "--timeout" flag: time: invalid duration "long"',
        ),
        (
            "delete nodegroup --wait=perhaps",
            (
                'invalid argument "perhaps" for "-w, --wait" flag: '
                'strconv.ParseBool: parsing "perhaps": invalid syntax'
            ),
        ),
        (
            "delete nodegroup --parallel=many",
            'invalid argument "many" for "--parallel" flag: strconv.ParseInt: parsing "many": invalid syntax',
        ),
        ("frobnicate", 'unknown command "frobnicate" for "eksctl"\nRun \'eksctl --help\' for usage.'),
        ("create", 'please provide a valid resource for "create"'),
        (
            "delete nodegroup --cluster=aic --name=ng --approve",
            "cannot use --approve unless a config file is specified via --config-file/-f",
        ),
        ("delete nodegroup --name=ng", "--cluster must be set"),
        ("delete nodegroup --cluster=aic", "--name must be set"),
        (
            "delete nodegroup --cluster=aic --name=ng ng2",
            "--name=ng and argument ng2 cannot be used at the same time",
        ),
        ("delete nodegroup --cluster=aic --name=ng --parallel=26", "--parallel value must be of range 1-25"),
        ("delete nodegroup -f x --name=ng", "cannot use --name when --config-file/-f is set"),
        ("create nodegroup -f x ng", "cannot use name argument when --config-file/-f is set"),
        (
            "delete nodegroup -f nowhere.yaml",
            'reading config file "nowhere.yaml": open nowhere.yaml: no such file or directory',
        ),
        ("version -o xml", "unknown output: xml"),
    ],
)
def test_a_wrong_command_line_is_refused_in_the_real_words(words: str, error: str) -> None:
    ended = here(*words.split())

    assert (ended.code, ended.out, ended.err) == (1, "", f"Error: {error}\n")


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("get nodegroup", "the command get"),
        ("create cluster", 'the resource type "cluster"'),
        ("create nodegroup --nodes=3", "the flag --nodes"),
        ("create nodegroup", "creating a nodegroup without a config file"),
    ],
)
def test_what_the_stand_in_lacks_is_an_error_and_said_so(words: str, what: str) -> None:
    ended = here(*words.split())

    assert (ended.code, ended.err) == (1, f"Error: {what} is not simulated by the sandbox's eksctl\n")


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("maxSize", "maxsize", f'{DECODING} unknown field "maxsize"'),
        (
            "maxSize: 3",
            "maxSize: many",
            (
                f"{DECODING} cannot unmarshal string into Go struct field "
                "ClusterConfig.managedNodeGroups.maxSize of type int"
            ),
        ),
        (
            "name: ng,",
            "name: ng, labels: {a: 1},",
            (
                f"{DECODING} cannot unmarshal number into Go struct field "
                "ClusterConfig.managedNodeGroups.labels.a of type string"
            ),
        ),
        (
            "v1alpha5",
            "v1alpha6",
            f'no kind "ClusterConfig" is registered for version "eksctl.io/v1alpha6" {NO_KIND}',
        ),
        (
            "- {name: ng",
            "- {name: [",
            "error converting YAML to JSON: yaml: line 5: did not find expected ',' or ']'",
        ),
    ],
    ids=["unknown key", "no number", "no text", "another version", "no YAML"],
)
def test_a_file_that_makes_no_sense_is_refused(tmp_path: Path, old: str, new: str, error: str) -> None:
    path = tmp_path / "group.yaml"
    path.write_text(FILE.replace(old, new, 1))

    ended = here("create", "nodegroup", "-f", str(path))

    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(f'Error: {LOADING} "{path}": ')
    assert error.partition(": did not")[0] in ended.err


@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        ("metadata: {region: ap-northeast-2}", "metadata.name must be set"),
        ("metadata: {name: aic}", "metadata.region must be set"),
        ("", "metadata must be set"),
    ],
)
def test_the_file_names_cluster_and_region(tmp_path: Path, metadata: str, error: str) -> None:
    path = tmp_path / "group.yaml"
    path.write_text(FILE.replace("metadata: {name: aic, region: ap-northeast-2}", metadata))

    ended = here("delete", "nodegroup", "-f", str(path))

    assert ended.err == f"Error: {error}\n"


def test_it_never_speaks_to_the_real_aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "group.yaml"
    path.write_text(FILE)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made up")

    ended = here("create", "nodegroup", "-f", str(path))

    assert ended.code == 1
    assert "works with a simulated AWS only" in ended.err


def test_aws_that_is_away_is_an_error_in_the_sdks_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATESTER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made up")

    ended = here("delete", "nodegroup", "--cluster=aic", "--region=ap-northeast-2", "--name=ng")

    assert ended.code == 1
    assert (
        "checking AWS STS access – cannot get role ARN for current session: operation error STS" in ended.err
    )
    assert 'Post "http://127.0.0.1:9/": dial tcp 127.0.0.1:9: connect: connection refused' in ended.err
