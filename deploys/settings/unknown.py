"""Keys of the data that nothing reads: a misspelt value would silently be none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from pyinfra.connectors.ssh import ConnectorData

from deploys.settings import declarations
from deploys.settings.data import Data
from deploys.settings.of_run import OfRun
from deploys.settings.shared import EveryHost, Shared

OF_CONNECTORS = frozenset(ConnectorData.__annotations__)
"""What pyinfra's own SSH connector reads; those of its other connectors begin with their names."""
PREFIXES = ("_", "lab_", "fake_", "docker_", "dockerssh_", "podman_", "chroot_", "vagrant_", "terraform_")
"""How pyinfra's global arguments begin, the lab's own values, and those of pyinfra's other connectors."""


MOVED = {
    "gateway_services": "is services now (in group_data/all.py): for a service that runs elsewhere write "
    'services = {"sample": {"addresses": ["http://10.0.0.65:8081"]}}, its name in lower case. The firewall lets '
    "gateways reach these addresses; a network for them is no longer needed.",
    "service_ports": "is no value any more: each service has its port in services (in group_data/all.py), as port or "
    "in addresses.",
}
"""What became of values that there were."""


def known() -> frozenset[str]:
    """The keys of all models."""
    models: list[type[Data]] = [Shared, EveryHost, OfRun, *declarations.shared()]
    models += [role.model for role in declarations.all_roles().values() if role.model]
    return OF_CONNECTORS.union(*(model.model_fields for model in models))


def keys(given: Iterable[Mapping[str, Any]]) -> list[str]:
    """
    A sentence for each key that no model, and nothing of pyinfra, knows.

    Args:
        given: the data of each host
    """
    names = known()
    found = {key for data in given for key in data if key not in names and not key.startswith(PREFIXES)}
    problems = []
    for key in sorted(found):
        if key in MOVED:
            problems.append(f"{key} (in group_data, the inventory or --data) {MOVED[key]}")
            continue
        near = get_close_matches(key, names, n=1)
        hint = f"did you mean {near[0]}?" if near else "README lists every value that there is."
        problems.append(f"{key} (in group_data, the inventory or --data) is no value of a site: {hint}")
    return problems
