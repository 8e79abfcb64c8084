"""What a host that is no member of etcd any more gives back."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.run import Run
from deploys.facts.etcd import CREDENTIALS
from deploys.operations import role
from deploys.operations.service import UNITS


@deploy("etcd")
def remove(run: Run) -> None:
    """Have no member of etcd run here; its data stays."""
    role.removed(
        name="etcd is gone",
        units=["etcd.service"],
        paths=[
            "/var/lib/tracseq/applied/etcd.service",
            f"{UNITS}/etcd.service.d",
            "/etc/tmpfiles.d/tracseq-etcd.conf",
            "/etc/default/etcd",
            CREDENTIALS,
        ],
        data=["/var/lib/etcd"],
    )
