"""The simulators' own tests are of the long tier; what stands on them is tried in each run of `make test`."""

from pathlib import Path

import pytest

QUICK = "world"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here) and item.path.parent.name != QUICK:
            item.add_marker(pytest.mark.long)
