"""Files of the system that no service of their own reads."""

from __future__ import annotations

from collections.abc import Sequence

from pyinfra import host

from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.file_set import FileSet, FileSetState
from deploys.operations import file_set, staging
from deploys.operations.file_set import File
from deploys.operations.script import script


@operation
def configured(
    key: str,
    files: Sequence[File],
    absent: Sequence[str] = (),
    purged: Sequence[str] = (),
    validate: str | None = None,
    apply: str | None = None,
) -> Steps:
    """
    Have a set of files, and the system apply them.

    + key: a name for the set, of letters and dashes; the host keeps under it as what they were applied
    + files: the files
    + absent: paths that must not be there
    + purged: directories that hold nothing but the files
    + validate: command that refuses a bad set; it sees the files where they will be
    + apply: command that puts the files in force, as booting the host would; it runs whenever
      the files are not as they were the last time, so also after a run that died before it

    **Example:**

    .. code:: python

        system.configured(
            name="Users of the platform",
            key="users",
            files=[File("/etc/sysusers.d/tracseq.conf", "u tracseq -\\n")],
            apply="systemd-sysusers",
        )
    """
    current: FileSetState = yield Reading(
        FileSet, paths=(*(file.path for file in files), *absent), directories=tuple(purged), key=key
    )
    changes = file_set.difference(files, absent, purged, current)
    stamp = staging.Stamp(key, (*(file.path for file in files), *absent, *purged))
    late = apply is not None and bool(file_set.unapplied(files, current))
    if not changes and not late:
        host.noop(f"the files of {key} are in force")
        return
    file_set.show(changes)
    lines = staging.replaced(changes, validate, stamp if apply else None)
    if apply:
        # In a subshell: what fails within a list of commands would not end the script (sh(1), set -e).
        lines += stamp.applied(f"( {apply} )")
    yield script(*lines, stdin=file_set.archive(changes.write))
