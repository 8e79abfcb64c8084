"""What every test of a host can ask for."""

from __future__ import annotations

from typing import Any

import pytest
from testinfra.host import Host as Testinfra

from tests import inventory


@pytest.fixture
def name(host: Testinfra) -> str:
    """The name of the host under test, as the inventory has it."""
    return str(host.backend.get_hostname())


@pytest.fixture
def data(name: str) -> dict[str, Any]:
    """All data of the host under test."""
    return inventory.hosts()[name].data
