"""Services of the platform: releases that are complete or not there at all, and none that nobody wants."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Sequence
from pathlib import Path

from pyinfra import host, logger

from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.file_set import STAMPS
from deploys.facts.services import Kept, KeptState, Present, PresentState
from deploys.operations import old_releases
from deploys.operations.script import script
from deploys.operations.service import UNITS


@operation
def unpacked(
    directory: str,
    release: str,
    archive: str,
    sha256: str,
    kept: int = 3,
    private: bool = False,
    wheels: bool = False,
) -> Steps:
    """
    Have a release of a service unpacked beside those that run.

    It counts only once it is complete: what a run that died left half done is made anew. Old releases
    go, never one that an instance runs.

    + directory: holds ``releases/``, and a link to one of them for each instance
    + release: the name of the release; its tree is in ``tree/`` below it
    + archive: path on the controller of a tar archive, compressed by gzip
    + sha256: its digest, which the host checks before it unpacks it
    + kept: how many releases stay beside this one, those that run until now among them (default 3)
    + private: whether nobody but root and the service itself may look into it
    + wheels: whether the archive holds wheels, and the tree is an environment with them of the host's own Python

    **Example:**

    .. code:: python

        services.unpacked(
            name="Release of sample",
            directory="/opt/tracseq/services/sample",
            release="0a1b2c3d4e5f6071",
            archive=".cache/services/sample-0a1b2c3d4e5f6071.tar.gz",
            sha256=digest,
        )
    """
    current: KeptState = yield Reading(Kept, directory=directory)
    old = old_releases.old(release, current.used, current.complete, current.broken, kept)
    if release in current.complete and not old:
        host.noop(f"release {release} is there")
        return
    mode = "700" if private else "755"
    lines = [f"mkdir -p {shlex.quote(directory)}/releases", f"cd {shlex.quote(directory)}"]
    contents, tree = "", f"releases/{shlex.quote(release)}/tree"
    if release not in current.complete:
        contents = base64.b64encode(Path(archive).read_bytes()).decode()
        lines += [
            f"chmod {mode} releases",
            "packed=$(mktemp /var/tmp/tracseq-service.XXXXXX)",
            "trap 'rm -f \"$packed\"' EXIT",
            'base64 -d > "$packed"',
            f"if ! echo {shlex.quote(sha256)} ' '\"$packed\" | sha256sum --check --status; then",
            f"  echo 'What arrived of {release} is not what was sent. Nothing was changed.' >&2",
            "  exit 1",
            "fi",
            f"rm -rf releases/{shlex.quote(release)}",
            f"mkdir -p {tree}",
            *(_of_wheels(tree) if wheels else [f'tar -xz --no-same-owner -f "$packed" -C {tree}']),
            # As in the archive, whatever the mask is.
            f"chmod -R u=rwX,go=rX releases/{shlex.quote(release)}",
            f"sync -f releases/{shlex.quote(release)}",
            f"touch releases/{shlex.quote(release)}/.complete",
        ]
    if old:
        lines.append(f"rm -rf -- {' '.join(f'releases/{shlex.quote(name)}' for name in old)}")
    yield script(*lines, stdin=contents)


def _of_wheels(tree: str) -> list[str]:
    """Shell: have a tree with the wheels of ``$packed``, without a network."""
    return [
        f"mkdir {tree}/../wheels",
        f'tar -xz --no-same-owner -f "$packed" -C {tree}/../wheels',
        f"python3 -m venv --without-pip {tree}",
        # With Debian's own pip, out of its wheel: to give each release one takes longer than the rest.
        "pip=$(ls /usr/share/python-wheels/pip-*.whl)",
        f'PYTHONPATH="$pip" {tree}/bin/python -m pip install --quiet --disable-pip-version-check --no-index '
        f"--no-deps {tree}/../wheels/*.whl",
        f"rm -rf {tree}/../wheels",
    ]


@operation
def no_others(prefix: str, units: Sequence[str], paths: Sequence[str], directories: Sequence[str]) -> Steps:
    """
    Have no services on a host but these: what was taken out of the catalogue is stopped and gone.

    What a service kept below /var/lib stays: the message says where.

    + prefix: how the names of all their units begin
    + units: canonical names of those that there are
    + paths: what belongs to these, in ``directories`` or, as links, in directories of the first of them
    + directories: hold nothing but what belongs to services; they go too where there are none, the first last, as
      it is what services are known by

    **Example:**

    .. code:: python

        services.no_others(
            name="No service but these",
            prefix="tracseq-service-",
            units=["tracseq-service-sample-8081.service"],
            paths=["/opt/tracseq/services/sample", "/opt/tracseq/services/sample/8081"],
            directories=["/opt/tracseq/services"],
        )
    """
    current: PresentState = yield Reading(Present, prefix=prefix, units=UNITS, directories=tuple(directories))
    gone = [unit for unit in current.units if unit not in units]
    left = [path for path in current.paths if path not in paths]
    whole = [] if units else list(reversed(directories))
    if not gone and not left and (units or not (current.units or current.paths)):
        host.noop("no others are there")
        return
    names = sorted({unit.removeprefix(prefix).rpartition("-")[0] for unit in gone})
    wanted = {unit.removeprefix(prefix).rpartition("-")[0] for unit in units}
    data = [path for path in current.data if (one := path.rpartition(prefix)[2]) in names and one not in wanted]
    if data:
        logger.warning(
            f"{host.print_prefix}its data stays: {', '.join(data)}. Delete it yourself when nobody needs it."
        )
    lines = []
    if gone:
        # A socket first, or it would start its service again.
        ordered = sorted(gone, key=lambda unit: not unit.endswith(".socket"))
        quoted = " ".join(map(shlex.quote, ordered))
        lines += [
            f"systemctl --quiet disable --now {quoted} 2>&1",
            *(f"rm -f {shlex.quote(f'{UNITS}/{unit}')} {shlex.quote(f'{STAMPS}/{unit}')}" for unit in ordered),
            "systemctl daemon-reload",
            f"systemctl reset-failed {quoted} 2>/dev/null || true",
        ]
    lines += [f"rm -rf -- {shlex.quote(path)}" for path in (*left, *whole)]
    yield script(*lines)
