"""Releases of a Python program: directories that are complete or not there at all."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Sequence
from pathlib import Path

from pyinfra import host

from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.release import RECORD, Releases, ReleaseState, Revision
from deploys.facts.release_history import ReleaseHistory, Switch, served
from deploys.operations import old_releases
from deploys.operations.script import script

EVERY = 1000
"""Changes of a release that are looked at, in order to tell those that served."""


@operation
def installed(
    directory: str, release: str, archive: str, modules: Sequence[str], record: str, history: str, kept: int = 3
) -> Steps:
    """
    Have a release installed beside the current one, from wheels and without a network.

    It is a virtual environment of the host's own Python. It counts only once it is complete:
    what a run that died left half done is made anew. Old releases go, never one that an instance runs.

    + directory: holds ``releases/`` and the link ``current``, such as /opt/tracseq/gateway
    + release: the name of the release
    + archive: path on the controller of a tar archive of wheels
    + modules: those of its own that it begins with, at once or later; it must be possible to import them on the host
    + record: what is kept with it, as a line of JSON: where it comes from (facts/release.py)
    + history: what its releases are noted as on the host (facts/release_history.py): those that never served go first
    + kept: how many releases stay beside this one, those that run until now among them (default 3)

    **Example:**

    .. code:: python

        release.installed(
            name="Gateway release",
            directory="/opt/tracseq/gateway",
            release="2.0.0-0a1b2c3d4e",
            archive=".cache/wheels/2.0.0-0a1b2c3d4e.tar",
            modules=["tracseq_gateway.server.process", "tracseq_gateway.application"],
            record='{"source": "8c5f9ad30e", "commit": "0a1b2c3d4e5f", "migrations": {"0001": false}}',
            history="gateway",
        )
    """
    current: ReleaseState = yield Reading(Releases, directory=directory)
    running = (current.current, current.green)
    old = old_releases.old(release, running, current.complete, current.broken, kept)
    if set(old) - set(current.broken):
        switches: tuple[Switch, ...] = yield Reading(ReleaseHistory, program=history, last=EVERY)
        old = old_releases.old(release, running, current.complete, current.broken, kept, served(switches))
    # One that was installed before there were records has none.
    told = release in current.records
    if release in current.complete and told and not old:
        host.noop(f"release {release} is installed")
        return
    quoted = shlex.quote(release)
    lines = [f"mkdir -p {shlex.quote(directory)}/releases", f"cd {shlex.quote(directory)}/releases"]
    contents = ""
    if release not in current.complete:
        contents = base64.b64encode(Path(archive).read_bytes()).decode()
        lines += [
            "wheels=$(mktemp -d /var/tmp/tracseq-wheels.XXXXXX)",
            "trap 'rm -rf \"$wheels\"' EXIT",
            'base64 -d | tar -x -C "$wheels"',
            f"rm -rf {quoted}",
            # With Debian's own pip, out of its wheel: to give each release one takes longer than the rest.
            f"python3 -m venv --without-pip {quoted}",
            "pip=$(ls /usr/share/python-wheels/pip-*.whl)",
            f'PYTHONPATH="$pip" {quoted}/bin/python -m pip install --quiet --disable-pip-version-check --no-index '
            f'--find-links="$wheels" --no-deps --no-compile "$wheels"/*.whl',
            # It leaves the bytecode of what is used, a third of all that there is: the program's own user may not
            # write it, and would compile all of it at each start.
            f"{quoted}/bin/python -c 'import importlib, sys; [importlib.import_module(name) for name in sys.argv[1:]]'"
            f" {' '.join(map(shlex.quote, modules))}",
            f"printf '%s\\n' {shlex.quote(record)} > {quoted}/{RECORD}",
            f"sync {quoted}",
            f"touch {quoted}/.complete",
        ]
    elif not told:
        lines.append(f"printf '%s\\n' {shlex.quote(record)} > {quoted}/{RECORD}")
    if old:
        lines.append(f"rm -rf -- {' '.join(shlex.quote(name) for name in old)}")
    yield script(*lines, stdin=contents)


@operation
def migrated(
    directory: str,
    release: str,
    command: str,
    revisions: Sequence[str],
    database: str,
    server: str,
    environment: str,
) -> Steps:
    """
    Have a database migrated to what a release needs, before anything switches to it.

    A database that is at a revision which the release does not know was migrated by a later one:
    it is left as it is.

    + directory: holds ``releases/``
    + release: the name of the release, which is installed
    + command: what migrates, run in the release's directory
    + revisions: those that the release knows, the newest last
    + database: name of the database
    + server: the host of the inventory whose server has it
    + environment: variables for the command, as lines that a shell reads; it may hold secrets

    **Example:**

    .. code:: python

        release.migrated(
            name="Tables are those that the release needs",
            directory="/opt/tracseq/gateway",
            release="2.0.0-0a1b2c3d4e",
            command="bin/python -m tracseq_gateway migrate",
            revisions=["0001"],
            database="tracseq",
            server="pg1",
            environment=text,
        )
    """
    current: str | None = yield Reading(Revision, server=server, database=database)
    if current == revisions[-1] or (current is not None and current not in revisions):
        host.noop(f"{database} is at {current}")
        return
    yield script(
        "variables=$(mktemp /run/tracseq/stage.XXXXXX)",
        "trap 'rm -f \"$variables\"' EXIT",
        'cat > "$variables"',
        f"cd {shlex.quote(directory)}/releases/{shlex.quote(release)}",
        f'( set -a; . "$variables"; set +a; {command} )',
        stdin=environment,
    )
