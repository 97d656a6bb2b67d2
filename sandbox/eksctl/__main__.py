"""The command line: `eksctl version`, `eksctl create nodegroup`, `eksctl delete nodegroup`."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Sequence
from datetime import timedelta

from sandbox.eksctl.failure import Failure, not_simulated
from sandbox.eksctl.flags import Flag, Kind, Parsed, parse
from sandbox.eksctl.lines import Lines

VERSION = "0.230.0"
LIMIT = timedelta(minutes=25)
EVICTION_WAIT = timedelta(milliseconds=500)
"""Where the command line says nothing; the real one waits ten seconds."""

_VERBS = (
    "anywhere",
    "associate",
    "completion",
    "create",
    "delete",
    "deregister",
    "disassociate",
    "drain",
    "enable",
    "get",
    "help",
    "info",
    "mcp",
    "register",
    "scale",
    "set",
    "unset",
    "update",
    "upgrade",
    "utils",
    "version",
)
_GROUP = ("nodegroup", "ng")
_OUTPUT = (Flag(name="output", short="o"),)
_FILE = Flag(name="config-file", short="f")
_TIMEOUT = Flag(name="timeout", kind=Kind.DURATION, default=LIMIT)
_CREATE = (_FILE, _TIMEOUT, Flag(name="install-nvidia-plugin", kind=Kind.SWITCH, default=True))
_CREATE_ABSENT = frozenset({
    "asg-access", "cfn-disable-rollback", "cfn-role-arn", "cluster", "dry-run", "dumpLogs",
    "enable-node-repair", "enable-ssm", "exclude", "external-dns-access", "full-ecr-access", "include",
    "install-neuron-plugin", "instance-name", "instance-prefix", "instance-types", "managed",
    "max-pods-per-node", "name", "node-ami", "node-ami-family", "node-labels", "node-private-networking",
    "node-security-groups", "node-type", "node-volume-size", "node-volume-type", "node-zones",
    "nodegroup-parallelism", "nodes", "nodes-max", "nodes-min", "only", "profile", "region",
    "skip-outdated-addons-check", "spot", "ssh-access", "ssh-public-key", "subnet-ids", "tags",
    "update-auth-configmap", "version",
})  # fmt: skip
_DELETE = (
    Flag(name="cluster", short="c"),
    Flag(name="region", short="r"),
    Flag(name="name", short="n"),
    _FILE,
    Flag(name="approve", kind=Kind.SWITCH, default=False),
    Flag(name="drain", kind=Kind.SWITCH, default=True),
    Flag(name="max-grace-period", kind=Kind.DURATION, default=timedelta(minutes=10)),
    Flag(name="pod-eviction-wait-period", kind=Kind.DURATION, default=EVICTION_WAIT),
    Flag(name="disable-eviction", kind=Kind.SWITCH, default=False),
    Flag(name="parallel", kind=Kind.NUMBER, default=1),
    Flag(name="wait", kind=Kind.SWITCH, short="w", default=False),
    _TIMEOUT,
)
_DELETE_ABSENT = frozenset({
    "cfn-disable-rollback", "cfn-role-arn", "dumpLogs", "exclude", "include", "only", "only-missing",
    "profile", "update-auth-configmap",
})  # fmt: skip


def start() -> None:
    """As a program of its own."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """The exit code: 0 or 1, as with the real one."""
    try:
        _run(list(arguments))
    except Failure as failure:
        sys.stdout.flush()
        sys.stderr.write(f"Error: {failure}\n")
        return 1
    return 0


def _run(words: list[str]) -> None:
    if not words or words[0] in ("help", "-h", "--help"):
        sys.stdout.write("The official CLI for Amazon EKS, or rather what stands for it in the sandbox\n")
        return
    verb, *rest = words
    if verb == "version":
        _version(parse(_OUTPUT, (), rest))
        return
    if verb not in _VERBS:
        hint = "" if verb.startswith("-") else "\nRun 'eksctl --help' for usage."
        unknown = f"unknown flag: {verb}" if hint == "" else f'unknown command "{verb}" for "eksctl"'
        raise Failure(unknown + hint)
    if verb not in ("create", "delete"):
        raise not_simulated(f"the command {verb}")
    resource = next((word for word in rest if not word.startswith("-")), "")
    if not resource:
        raise Failure(f'please provide a valid resource for "{verb}"')
    if resource not in _GROUP:
        raise not_simulated(f'the resource type "{resource}"')
    rest.remove(resource)
    if verb == "create":
        _create(parse(_CREATE, _CREATE_ABSENT, rest))
    else:
        _delete(parse(_DELETE, _DELETE_ABSENT, rest))


def _version(given: Parsed) -> None:
    match given.values["output"]:
        case "":
            sys.stdout.write(f"{VERSION}\n")
        case "json":
            told = {"Version": VERSION, "PreReleaseID": "", "Metadata": {"BuildDate": "", "GitCommit": ""}}
            sys.stdout.write(json.dumps(told, separators=(",", ":")) + "\n")
        case other:
            raise Failure(f"unknown output: {other}")


def _create(given: Parsed) -> None:
    from sandbox.eksctl.create import create

    values = given.values
    if not values["config-file"]:
        raise not_simulated("creating a nodegroup without a config file")
    if given.words:
        raise Failure("cannot use name argument when --config-file/-f is set")
    create(
        values["config-file"],
        Lines(values["verbose"]),
        values["timeout"],
        plugin=values["install-nvidia-plugin"],
    )


def _delete(given: Parsed) -> None:
    from sandbox.eksctl.config import Config
    from sandbox.eksctl.delete import Wish, delete_by_name, delete_of_file

    values, file = given.values, given.values["config-file"]
    lines = Lines(values["verbose"])
    wish = Wish(
        plan=bool(file) and not values["approve"],
        wait=values["wait"],
        drain=values["drain"],
        evicts=not values["disable-eviction"],
        grace=values["max-grace-period"],
        eviction_wait=values["pod-eviction-wait-period"],
        parallel=values["parallel"],
        timeout=values["timeout"],
    )
    if file:
        for name in ("cluster", "name", "region"):
            if name in given.given:
                raise Failure(f"cannot use --{name} when --config-file/-f is set")
        if given.words:
            raise Failure("cannot use name argument when --config-file/-f is set")
        delete_of_file(file, lines, wish)
        return
    if "approve" in given.given:
        raise Failure("cannot use --approve unless a config file is specified via --config-file/-f")
    if not values["cluster"]:
        raise Failure("--cluster must be set")
    name = values["name"]
    if name and given.words:
        raise Failure(f"--name={name} and argument {given.words[0]} cannot be used at the same time")
    name = name or (given.words[0] if given.words else "")
    if not name:
        raise Failure("--name must be set")
    if "parallel" in given.given and not 1 <= values["parallel"] <= 25:
        raise Failure("--parallel value must be of range 1-25")
    delete_by_name(Config(cluster=values["cluster"], region=values["region"]), name, lines, wish)


if __name__ == "__main__":
    start()
