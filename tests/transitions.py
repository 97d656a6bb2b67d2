"""Run tests and print every transition of a run that they took: python -m tests.transitions PATH...

One line each, "queued running". The tests run unchanged; only `Run.to` is watched, in this process alone.
"""

import sys

import pytest

from provisioner.engine.run import Run, RunStatus


def main(paths: list[str]) -> int:
    taken: set[tuple[RunStatus, RunStatus]] = set()
    move = Run.to

    def watched(self: Run, status: RunStatus) -> None:
        before = self.status
        move(self, status)
        taken.add((before, status))

    Run.to = watched  # type: ignore[method-assign]  # watched, not replaced: it does what it did
    ended = pytest.main(["-q", "-p", "no:xdist", "-p", "no:cacheprovider", *paths])
    for before, after in sorted(taken):
        print(before.value, after.value)  # noqa: T201  # what this program is for
    return ended


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
