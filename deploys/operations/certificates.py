"""Whose certificates a host renews no more."""

from __future__ import annotations

from pyinfra import host

from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.file_set import Contents
from deploys.operations import file_set, staging
from deploys.operations.file_set import Difference, File
from deploys.operations.script import script


@operation
def revoked(path: str, whose: str, at: int) -> Steps:
    """
    Have an online authority renew none of a host's certificates that were made before a time.

    + path: the file that it reads with each request
    + whose: name of the host
    + at: the time, in seconds since 1970

    **Example:**

    .. code:: python

        certificates.revoked(
            name="Certificates of gw2 are not renewed",
            path="/etc/tracseq/certificate-authority/revoked",
            whose="gw2",
            at=1770000000,
        )
    """
    texts: dict[str, str] = yield Reading(Contents, paths=(path,))
    lines = [line.split("\t") for line in texts.get(path, "").splitlines()]
    known = {name: int(before) for name, before in lines}
    if known.get(whose, 0) >= at:
        host.noop(f"certificates of {whose} from before then are not renewed")
        return
    content = "".join(f"{name}\t{before}\n" for name, before in sorted({**known, whose: at}.items()))
    changes = Difference((File(path, content),), ())
    yield script(*staging.replaced(changes, None), stdin=file_set.archive(changes.write))
