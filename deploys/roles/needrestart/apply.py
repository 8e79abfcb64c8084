"""needrestart says after each update what still runs with replaced files, and restarts none of it."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller import files
from deploys.controller.run import Run
from deploys.operations import system
from deploys.operations.file_set import File


@deploy("Needrestart")
def apply(run: Run) -> None:
    """Have outdated services listed, never restarted: a primary or a gateway goes when its administrator says so."""
    system.configured(
        name="Lists, and restarts nothing by itself",
        key="needrestart",
        files=[File("/etc/needrestart/conf.d/tracseq.conf", files.read("needrestart/tracseq.conf"))],
        validate="perl -c /etc/needrestart/conf.d/tracseq.conf",
    )
