"""The table of what is simulated tells the truth about the methods."""

import re
from pathlib import Path

from sandbox.slack import SlackSimulator

TABLE = Path(__file__).parents[3] / "docs" / "slack-simulator.md"


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under that heading."""
    part = TABLE.read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_table_lists_the_methods_that_are_served() -> None:
    listed = {row[0].strip("`"): row[1] for row in rows("Web API methods")}
    served = set(SlackSimulator().methods)

    assert {name for name, state in listed.items() if state != "absent"} == served


def test_every_state_is_done_differs_or_absent() -> None:
    states = {row[1] for heading in ("Web API methods", "Behaviour") for row in rows(heading)}

    assert states <= {"done", "differs", "absent"}


def test_every_difference_is_explained() -> None:
    unexplained = [
        row[0]
        for heading in ("Web API methods", "Behaviour")
        for row in rows(heading)
        if row[1] != "done" and not re.search(r"\w+ \w+", row[2])
    ]

    assert unexplained == []
