"""Databases with the type ``vector``, by pgvector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pyinfra import host

from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.postgres.vectors import EXTENSION, Vectors, VectorsState
from deploys.operations.postgres import shell
from deploys.operations.script import script


@operation
def known(version: int, databases: Sequence[str], settings: Mapping[str, str]) -> Steps:
    """
    Have databases of a primary with pgvector, in the version that the server brings.

    + version: of Postgres
    + databases: their names
    + settings: what holds in each of them for all roles

    **Example:**

    .. code:: python

        vectors.known(
            name="Vectors", version=17, databases=["rag"], settings={"max_parallel_maintenance_workers": "0"}
        )
    """
    current: Mapping[str, VectorsState] = yield Reading(Vectors, version=version, databases=tuple(databases))
    wanted = {name: list(statements(name, current.get(name, VectorsState()), settings)) for name in databases}
    changes = {name: found for name, found in wanted.items() if found}
    if not changes:
        host.noop("they have vectors")
        return
    # On a new site there is no replica yet that could confirm it.
    lines = [
        line
        for name, found in changes.items()
        for line in (f'\\connect "{name}"', "SET synchronous_commit = local;", *found)
    ]
    yield script(shell.query(version), "query --set=VERBOSITY=terse --file=-", stdin="\n".join(lines) + "\n")


def statements(name: str, current: VectorsState, settings: Mapping[str, str]) -> Iterator[str]:
    """
    SQL that makes a database have vectors.

    + name: of the database
    + current: as it is
    + settings: those that it is to have
    """
    for setting, value in settings.items():
        if current.settings.get(setting) != value:
            yield f"ALTER DATABASE \"{name}\" SET {setting} = '{value}';"
    if current.installed is None:
        # Only a superuser may: it is not a trusted extension.
        yield f"CREATE EXTENSION IF NOT EXISTS {EXTENSION};"
    elif current.available not in (None, current.installed):
        yield f"ALTER EXTENSION {EXTENSION} UPDATE;"
