"""Whose certificates a host renews no more."""

from __future__ import annotations

from collections.abc import Mapping

from pyinfra import host

from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.file_set import Contents
from deploys.operations import file_set, staging
from deploys.operations.file_set import Difference, File
from deploys.operations.script import script


@operation
def revoked(path: str, before: Mapping[str, int]) -> Steps:
    """
    Have an online authority renew none of the certificates of some hosts that were made before a time.

    + path: the file that it reads with each request
    + before: the time by the host's name, in seconds since 1970

    **Example:**

    .. code:: python

        certificates.revoked(
            name="Certificates of gw2 are not renewed",
            path="/etc/tracseq/certificate-authority/revoked",
            before={"gw2": 1770000000},
        )
    """
    texts: dict[str, str] = yield Reading(Contents, paths=(path,))
    lines = [line.split("\t") for line in texts.get(path, "").splitlines()]
    known = {name: int(at) for name, at in lines}
    wanted = {**known, **{name: max(at, known.get(name, at)) for name, at in before.items()}}
    if wanted == known:
        host.noop("none of them is renewed that was made before then")
        return
    content = "".join(f"{name}\t{at}\n" for name, at in sorted(wanted.items()))
    changes = Difference((File(path, content),), ())
    yield script(*staging.replaced(changes, None), stdin=file_set.archive(changes.write))
