"""The gateway's database migrations, as their files say it."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

VERSIONS = Path("gateway/src/tracseq_gateway/audit/migrations/versions")


def migrations(versions: Path = VERSIONS) -> Mapping[str, bool]:
    """
    The revisions that this gateway knows, the first one first, and whether each contracts.

    A migration that takes away what the release before it still uses says ``contracts = True`` beside its
    ``revision``: releases from before it cannot run any more.

    Args:
        versions: the directory of Alembic's files
    """
    follows: dict[Any, tuple[str, bool]] = {}
    for path in sorted(versions.glob("[0-9]*.py")):
        # Read, not run: this machine has no Alembic.
        values = {
            node.targets[0].id: node.value.value
            for node in ast.parse(path.read_text()).body
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.Constant)
        }
        follows[values["down_revision"]] = str(values["revision"]), bool(values.get("contracts"))
    known: dict[str, bool] = {}
    last = None
    while following := follows.get(last):
        last, contracts = following
        known[last] = contracts
    return known
