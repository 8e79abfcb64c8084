"""A host whose identity is revoked: nobody sends to it any more, and none of its certificates is renewed."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.renewal import GROUP
from deploys.controller.revocation import Revocation
from deploys.controller.templates import render
from deploys.engine import hosts
from deploys.facts.machine import REVOKED
from deploys.operations import certificates, role, service
from deploys.operations.file_set import File
from deploys.operations.service import UNITS, Unit


@deploy("Revocation")
def apply(revocation: Revocation) -> None:
    """Have it so on a host that is another one."""
    run, name = revocation.run, revocation.name
    host = run.site.host(hosts.current())
    if host.name == name:
        return
    unit = f"tracseq-revoked-{name}.service"
    if run.options.undo:
        role.removed(
            name=f"It sends to {name} again",
            units=[unit],
            paths=[f"/var/lib/tracseq/applied/{unit}", f"{UNITS}/{unit}"],
        )
        return
    if GROUP in host.groups:
        certificates.revoked(name=f"Certificates of {name} are not renewed", path=REVOKED, before={name: revocation.at})
    text = render("certificate_authority/tracseq-revoked.service.j2", name=name, addresses=revocation.addresses)
    service.configured(
        name=f"Nothing is sent to {name}",
        unit=Unit(unit),
        files=[File(f"{UNITS}/{unit}", text, restart=True)],
    )
