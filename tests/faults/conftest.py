"""What fault tests may ask for beside what all tests may."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.site import Site, running_site


@pytest.fixture
def site(database_address: str, tmp_path: Path) -> Iterator[Site]:
    """A fresh database and a Redis of its own, for processes to be killed around."""
    with running_site(database_address, tmp_path) as site:
        yield site
