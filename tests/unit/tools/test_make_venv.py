"""`make` on a machine with the wrong Python says what is wrong and what to do."""

import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

SCRIPT = Path(__file__).parents[3] / "tools" / "make_venv.sh"
# What the script asks an interpreter: its version in words, whether it is new enough, whether it is whole.
OLD = """\
case "$2" in *platform*) echo 3.9.18;; *version_info*) exit 1;; esac
"""
BARE = """\
case "$2" in *platform*) echo 3.12.4;; *ensurepip*) exit 1;; esac
"""
FINE = """\
case "$1 $2" in *platform*) echo 3.11.9;; "-m venv") mkdir "$3";; esac
"""
SHIM_WITHOUT_A_VERSION = "echo 'command not found' >&2; exit 127"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder that is all of PATH: the few programs that the script needs, and no Python yet."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("mkdir", "rm", "sed"):
        found = shutil.which(name)
        assert found is not None
        (programs / name).symlink_to(found)
    return programs


def install(machine: Path, name: str, script: str) -> None:
    program = machine / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def make_venv(machine: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", SCRIPT, machine.parent / "venv"],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": str(machine), **variables},
    )


def test_an_old_python_is_named_with_its_version_and_how_to_get_a_newer_one(machine: Path) -> None:
    install(machine, "python3", OLD)

    done = make_venv(machine)

    assert done.returncode == 1
    assert "Cannot find Python 3.11 or newer; found only python3 (3.9.18)." in done.stderr
    assert "apt install python3.11" in done.stderr


def test_no_python_at_all_is_said_too(machine: Path) -> None:
    done = make_venv(machine)

    assert done.returncode == 1
    assert "Cannot find Python 3.11 or newer." in done.stderr


def test_a_python_without_venv_is_named_with_the_package_that_has_it(machine: Path) -> None:
    install(machine, "python3.12", BARE)

    done = make_venv(machine)

    assert done.returncode == 1
    assert "found python3.12 (3.12.4), but without the modules venv and ensurepip" in done.stderr
    assert "apt install python3.12-venv" in done.stderr


def test_a_shim_that_does_not_run_and_an_old_python_are_passed_over(machine: Path) -> None:
    install(machine, "python3.11", SHIM_WITHOUT_A_VERSION)
    install(machine, "python3.12", OLD)
    install(machine, "python3", FINE)

    done = make_venv(machine)

    assert done.returncode == 0, done.stderr
    assert (machine.parent / "venv").is_dir()
    assert "with python3 (3.11.9)" in done.stdout


def test_a_python_that_is_chosen_is_the_only_one_asked(machine: Path) -> None:
    install(machine, "python3", OLD)

    done = make_venv(machine, PYTHON="python-of-mine")

    assert done.returncode == 1
    assert "(PYTHON=python-of-mine)" in done.stderr


def test_what_is_there_already_is_left_alone(machine: Path) -> None:
    environment = machine.parent / "venv" / "bin"
    environment.mkdir(parents=True)
    install(environment, "python", "exit 0")

    done = make_venv(machine)

    assert (done.returncode, done.stdout) == (0, "")
