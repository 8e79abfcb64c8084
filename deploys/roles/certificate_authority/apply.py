"""The host that renews the certificates of all: with a key of its own, that signs for names of the site alone."""

from __future__ import annotations

import json

from pyinfra.api import deploy

from deploys.controller import files, renewal, virtual_address
from deploys.controller.renewal import CERTIFICATE, DIRECTORY, KEY, SERVICE
from deploys.controller.run import Run
from deploys.controller.templates import render
from deploys.facts.machine import REVOKED
from deploys.operations import certificates, service
from deploys.operations.file_set import File
from deploys.operations.service import UNITS, Unit
from deploys.roles.certificate_authority.declaration import SOCKET
from deploys.roles.certificate_authority.remove import PROGRAM


@deploy("Certificate authority")
def apply(run: Run) -> None:
    """Have a service that renews what a host holds, and nothing else."""
    shared = run.site.data(renewal.Renewal)
    held = run.machine.held.get(CERTIFICATE)
    own = run.authority.of_online_authority(names(run), held.certificate if held else None)
    if run.revoked:
        certificates.revoked(
            name="Certificates that were revoked are not renewed",
            path=REVOKED,
            before={name: int(at) for name, at in run.revoked.items()},
        )
    settings = {
        "lifetime": shared.certificate_renewed_lifetime,
        "part": renewal.PART,
        "hosts": [host.name for host in run.site.hosts],
    }
    service.configured(
        name="It renews certificates",
        unit=Unit(SERVICE, socket=SOCKET),
        files=[
            # It gets all of these when it starts, and can read none itself.
            File(f"{DIRECTORY}/settings.json", json.dumps(settings, indent=1) + "\n", restart=True),
            File(f"{DIRECTORY}/root.crt", run.authority.certificate, restart=True),
            File(CERTIFICATE, own.certificate, restart=True),
            File(KEY, own.key, mode="600", secret=True, restart=True, kept=not own.key),
            File(PROGRAM, files.read("certificate_authority/tracseq_certificate_authority.py"), restart=True),
            File(
                f"{UNITS}/{SERVICE}",
                render(
                    f"certificate_authority/{SERVICE}.j2",
                    program=PROGRAM, directory=DIRECTORY, socket=SOCKET, revoked=REVOKED,
                ),
                restart=True,
            ),
            File(
                f"{UNITS}/{SOCKET}",
                render(f"certificate_authority/{SOCKET}.j2", port=shared.certificate_authority_port),
            ),
        ],
    )  # fmt: skip


def names(run: Run) -> list[str]:
    """All names and addresses by which hosts of the site are known."""
    site = run.site
    of_hosts = (name for host in site.hosts for name in (host.name, *host.addresses))
    return list(dict.fromkeys((site.shared.domain, *of_hosts, *virtual_address.addresses(site))))
