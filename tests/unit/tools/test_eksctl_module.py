"""The eksctl of the image: the one that the simulated world stands in for, made as eksctl itself is made."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from sandbox.eksctl.stacks import VERSION

ROOT = Path(__file__).parents[3]
MODULE = (ROOT / "tools" / "eksctl" / "go.mod").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()
EKSCTL = f"github.com/weaveworks/eksctl@v{VERSION}"


def replacements(module: str) -> dict[str, str]:
    return dict(re.findall(r"^\s+(\S+) => (.+)$", module, re.MULTILINE))


@pytest.fixture
def eksctls_own() -> str:
    """The go.mod of eksctl."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("Go does not run on this machine")
    done = subprocess.run(
        [go, "mod", "download", "-json", EKSCTL], check=False, capture_output=True, text=True, timeout=100
    )
    if done.returncode:
        pytest.skip("Go cannot fetch other projects' modules on this machine")
    return Path(json.loads(done.stdout)["GoMod"]).read_text()


def test_the_image_has_the_version_that_the_sandbox_stands_in_for() -> None:
    assert re.search(rf"^require github.com/weaveworks/eksctl v{VERSION}\b", MODULE, re.MULTILINE)


def test_it_replaces_what_eksctl_itself_replaces_but_for_a_misspelling(eksctls_own: str) -> None:
    theirs = replacements(eksctls_own)
    misspelt = theirs["k8s.io/cluster-bootstrap"]

    assert misspelt.startswith("k8s.io/cluster-bootstrapv ")
    assert replacements(MODULE) == theirs | {"k8s.io/cluster-bootstrap": misspelt.replace("pv ", "p ")}


def test_the_image_is_built_with_the_tool_of_the_module_and_a_go_that_is_new_enough() -> None:
    (tool,) = re.findall(r"^tool (\S+)$", MODULE, re.MULTILINE)
    (needed,) = re.findall(r"^go ([\d.]+)$", MODULE, re.MULTILINE)
    (image,) = re.findall(r"^FROM golang:([\d.]+) ", DOCKERFILE, re.MULTILINE)

    assert re.search(rf"^\s+{re.escape(tool)}$", DOCKERFILE, re.MULTILINE)
    assert parts(image) >= parts(needed)


def parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


@pytest.mark.parametrize("name", ["go.mod", "go.sum"])
def test_the_module_reaches_the_build_of_the_image(name: str) -> None:
    path = f"tools/eksctl/{name}"

    assert path in DOCKERFILE
    assert f"!{path}" in (ROOT / ".dockerignore").read_text().splitlines()
