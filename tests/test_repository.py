"""The repository's own rules. Each says what it wants; what breaks it is listed."""

import ast
import functools
import inspect
import re
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pydantic import SecretStr

from bot.config.settings import PREFIX, all_settings
from bot.slack.commands import SUBCOMMANDS
from bot.slack.help import help_card
from provisioner.catalog import catalog
from provisioner.engine.run import TRANSITIONS
from provisioner.engine.stage import Stage
from tools.settings_table import README, written

ROOT = Path(__file__).parent.parent
PACKAGES = ("approvals", "provisioner", "bot", "sandbox", "tests", "tools")
PYTHON = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
OWN_STATE = {".git", ".venv", ".sandbox", ".make", "build", "dist", "__pycache__"}
TEXT = {
    "",
    ".py",
    ".js",
    ".css",
    ".html",
    ".md",
    ".toml",
    ".txt",
    ".yaml",
    ".yml",
    ".json",
    ".sh",
    ".po",
    ".tpl",
}

MIGRATIONS = ROOT / "bot" / "storage" / "migrations" / "versions"  # a migration is one long list

LINES_A_FILE = 400
LINES_A_TEST_FILE = 600
LINES_A_FUNCTION = 60

# Quick ones that between them take every transition; they are run once more, watched.
TESTS_THAT_MOVE_RUNS = (
    "tests/unit/provisioner/engine/test_running.py",
    "tests/unit/provisioner/engine/test_cancelling_and_drift.py",
    "tests/unit/bot/requests/test_asking.py",
    "tests/unit/bot/requests/test_deciding.py",
)

# Markdown's own, and what `<picture>` names for the light and the dark: target and anchor.
LINK = r"(?:\]\(|\bsrc(?:set)?=\")(?!https?:)([^)\"#\s]*)#?([^)\"\s]*)"

# Files that may sleep or replace an attribute, each with the reason.
MAY_SLEEP: dict[str, str] = {
    "tests/bench/replicas.py": "it measures over a length of time, and kills at a moment of no meaning",
    "tests/bench/subject.py": "what it measures happens in another process, looked at until it has",
}
MAY_PATCH: dict[str, str] = {}
# Why a test may be skipped; anything else has to run or fail.
SKIP_REASONS = {
    "Go does not run on this machine",
    "Go cannot fetch other projects' modules on this machine",
    "helm does not run on this machine",
    "curl does not run on this machine",
    "there is no PostgreSQL server on this machine",
    "only Linux has a parent-death signal",
    "there is no Chromium on this machine: apt-get install chromium",
}


def stages() -> list[Stage[Any]]:
    """Every stage of the catalog, over clients that are never asked anything."""
    nobody: Any = object()
    clients = {
        name: nobody
        for name, parameter in inspect.signature(catalog).parameters.items()
        if parameter.default is parameter.empty and name != "password_hash"
    }
    return [step.stage for step in catalog(**clients, password_hash=SecretStr("$2b$10$" + "u" * 53))]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def all_text() -> Iterator[Path]:
    """Every text file of the repository, without what is made on this machine."""
    folders = [ROOT]
    for folder in folders:
        for path in sorted(folder.iterdir()):
            made_here = path.name in OWN_STATE or path.name.endswith(("_cache", ".egg-info", ".hypothesis"))
            if path.is_dir() and not made_here:
                folders.append(path)
            elif path.is_file() and path.suffix in TEXT:
                yield path


def comments(path: Path) -> Iterator[tuple[int, str]]:
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string


@functools.cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def calls(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of every call in a file."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


def test_no_file_is_too_long_to_read_at_once() -> None:
    pages = [path for path in all_text() if path.suffix in {".js", ".css", ".html", ".sh"}]
    lengths = {path: len(path.read_text().splitlines()) for path in [*PYTHON, *pages]}
    tests = ROOT / "tests"

    assert not {
        name_of(path): length
        for path, length in lengths.items()
        if length > (LINES_A_TEST_FILE if path.is_relative_to(tests) else LINES_A_FILE)
    }


def test_no_function_is_longer_than_60_lines() -> None:
    lengths = {
        f"{name_of(path)}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in PYTHON
        if not path.is_relative_to(MIGRATIONS)
        for node in functions(path)
    }

    assert not {name: length for name, length in lengths.items() if length > LINES_A_FUNCTION}


def test_every_ignored_check_names_its_code_and_gives_a_reason() -> None:
    directive = re.compile(
        r"#\s*(?:type:\s*ignore(?P<type>\[[\w, -]+\])?|noqa(?P<noqa>:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*)?)"
    )
    found = []
    for path in PYTHON:
        if "ignore" not in (text := path.read_text()) and "noqa" not in text:
            continue  # taking a file apart is slow
        for line, comment in comments(path):
            matches = list(directive.finditer(comment))
            named = all(match["type"] or match["noqa"] for match in matches)
            reason = re.search(r"\w+ \w+", directive.sub("", comment))
            if matches and not (named and reason):
                found.append(f"{name_of(path)}:{line} {comment}")

    assert not found


def test_no_file_is_a_drawer_for_everything() -> None:
    drawers = {"utils", "util", "helpers", "helper", "common", "misc"}

    assert not [name_of(path) for path in PYTHON if path.stem in drawers or path.parent.name in drawers]


def test_nothing_is_left_for_later() -> None:
    marks = re.compile(
        "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3, "NotImplemented" + "Error", "pragma: no " + "cover"))
    )
    found = [
        f"{name_of(path)}:{number} {line.strip()}"
        for path in all_text()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if marks.search(line)
    ]

    assert not found


def test_nothing_points_outside_the_repository() -> None:
    outside = re.compile(r"\.\./shared|(?<![\w.~-])/work/|(?<![\w.~-])/root/")
    found = [
        f"{name_of(path)}:{number} {line.strip()}"
        for path in all_text()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if outside.search(line) and path != Path(__file__)
    ]

    assert not found


def test_the_tests_patch_nothing() -> None:
    patching = {"monkeypatch.setattr", "mock.patch", "patch.object", "mocker.patch"}
    found = [
        f"{name_of(path)}:{line} {call}"
        for path in (ROOT / "tests").rglob("*.py")
        for line, call in calls(path)
        if call in patching and name_of(path) not in MAY_PATCH
    ]
    imported = [
        name_of(path)
        for path in (ROOT / "tests").rglob("*.py")
        if re.search(r"^(from|import) unittest", path.read_text(), re.M)
    ]

    assert not found
    assert not imported


def test_the_tests_do_not_sleep() -> None:
    found = [
        f"{name_of(path)}:{line} {call}"
        for path in (ROOT / "tests").rglob("*.py")
        for line, call in calls(path)
        if call in {"time.sleep", "sleep"} and name_of(path) not in MAY_SLEEP
    ]

    assert not found


def test_a_test_is_skipped_only_for_an_allowed_reason() -> None:
    found = []
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(parsed(path)):
            if not isinstance(node, ast.Call) or not re.search(
                r"\b(skip|skipif|xfail)$", ast.unparse(node.func)
            ):
                continue
            reasons = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "reason")]
            words = {reason.value for reason in reasons if isinstance(reason, ast.Constant)}
            if not words & SKIP_REASONS:
                found.append(f"{name_of(path)}:{node.lineno} {ast.unparse(node)}")

    assert not found


@pytest.mark.parametrize("allowed", [MAY_SLEEP, MAY_PATCH], ids=["sleep", "patch"])
def test_an_exception_is_for_a_file_that_exists_and_has_a_reason(allowed: dict[str, str]) -> None:
    assert all((ROOT / name).exists() and len(reason.split()) > 2 for name, reason in allowed.items())


def test_what_only_make_check_installs_is_imported_for_types_alone() -> None:
    """`make test` has to pass where `make check` was never run."""
    wrong = []
    for path in PYTHON:
        for node in parsed(path).body:  # not those under `if TYPE_CHECKING`
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.startswith("mypy_boto3") for name in names):
                wrong.append(f"{name_of(path)}:{node.lineno}")

    assert not wrong


def test_the_readme_has_the_settings_as_the_bot_reads_them() -> None:
    readme = README.read_text()

    assert readme == written(readme), "run `make readme`"


def test_every_setting_can_be_given_to_the_chart_and_secrets_only_by_reference() -> None:
    values = yaml.safe_load((ROOT / "charts" / "workspace-bot" / "values.yaml").read_text())
    specs = {f"SPECS__<NAME>__{key.upper()}" for spec in values["specs"].values() for key in spec}
    plain = {*values["settings"], *specs, "POLICY", "CONFIG"}  # the last: the chart writes the file itself
    known = {setting.name.removeprefix(PREFIX): setting.secret for setting in all_settings()}

    assert plain == {name for name, secret in known.items() if not secret}
    assert set(values["secretSettings"]) == {name for name, secret in known.items() if secret}


@pytest.mark.parametrize("subcommand", SUBCOMMANDS)
def test_every_slash_command_is_in_the_help_and_in_the_readme(subcommand: str) -> None:
    command = f"/workspace {subcommand}"

    assert command in repr(help_card("/workspace"))
    assert f"`{command}" in README.read_text()


@pytest.mark.parametrize("stage", stages(), ids=lambda stage: stage.name)
def test_every_stage_has_a_title_and_its_laws_are_run(stage: Stage[Any]) -> None:
    name = type(stage).__name__
    lawful = [
        path
        for path in (ROOT / "tests").rglob("test_*.py")
        if re.search(r"^class \w+\(.*\bStageLaws\b.*\):", path.read_text(), re.MULTILINE)
        and re.search(rf"\b{name}\b", path.read_text())
    ]

    assert str(stage.title)
    assert lawful, f"no test runs StageLaws over {name}"


@pytest.mark.long  # runs the engine's tests again
def test_every_transition_of_a_run_is_taken_by_some_test() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.transitions", *TESTS_THAT_MOVE_RUNS],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
    )
    taken = {tuple(line.split()) for line in done.stdout.splitlines()}
    table = {(before.value, after.value) for before, targets in TRANSITIONS.items() for after in targets}

    assert not table - taken, done.stdout


def test_every_library_is_pinned_within_what_is_asked_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    asked = [Requirement(line) for lines in (project["dependencies"], *extras) for line in lines]
    lines = [line.partition("==") for line in (ROOT / "constraints.txt").read_text().splitlines()]
    pins = {canonicalize_name(name): version for name, equals, version in lines if equals}

    assert not [
        f"{each.name} {pins.get(canonicalize_name(each.name), 'is not pinned')}"
        for each in asked
        if not each.specifier.contains(pins.get(canonicalize_name(each.name), "0"))
    ]


def test_every_make_target_that_a_text_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    texts = [path for path in all_text() if path.suffix == ".md"]
    named = {
        (name_of(path), name)
        for path in texts
        for name in re.findall(r"(?:`|^)make ([a-z-]+)", path.read_text(), re.MULTILINE)
    }

    assert not {each for each in named if each[1] not in targets}


def test_every_link_from_a_text_leads_to_something() -> None:
    def headings(path: Path) -> set[str]:
        """As anchors, the way Markdown is shown on the web."""
        found = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
        return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in found}

    links = [
        (path, target, anchor)
        for path in all_text()
        if path.suffix == ".md"
        for target, anchor in re.findall(LINK, path.read_text())
    ]
    missing = [
        f"{name_of(path)}: {target}#{anchor}"
        for path, target, anchor in links
        if not (goal := path.parent / target if target else path).exists()
        or (anchor and anchor not in headings(goal))
    ]

    assert len(links) > 20
    assert "docs/pictures/work-dark.png" in {target for _, target, _ in links}
    assert not missing


def test_every_picture_stands_in_a_text() -> None:
    shown = {
        (path.parent / target).resolve()
        for path in all_text()
        if path.suffix == ".md"
        for target, _ in re.findall(LINK, path.read_text())
    }
    pictures = set((ROOT / "docs" / "pictures").iterdir())

    assert len(pictures) > 20
    assert not {name_of(path) for path in pictures - shown}
