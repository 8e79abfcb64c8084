"""A timer by which a host renews its certificates, without a run."""

from __future__ import annotations

import json
from dataclasses import asdict

from pyinfra.api import deploy

from deploys.controller import files, renewal
from deploys.controller.authority import AUTHORITY_FILE
from deploys.controller.run import Run
from deploys.controller.templates import render
from deploys.operations import service
from deploys.operations.file_set import File
from deploys.operations.service import UNITS, Unit
from deploys.roles.renewal.declaration import NAME
from deploys.roles.renewal.remove import DIRECTORY, PROGRAM, remove
from deploys.settings import declarations
from deploys.settings.credential import Credential
from deploys.settings.host import SiteHost

HOUR = 3600
USED = ("certificate", "key", "owner", "group", "mode", "take_up")
"""What the program is told of each."""


def apply(run: Run) -> None:
    """Have it where the site has an online authority."""
    if keeper := renewal.authority(run.site):
        renew(run=run, keeper=keeper)
    elif "renewal" in run.machine.roles:
        remove(run=run)


@deploy("Renewal of certificates")
def renew(run: Run, keeper: SiteHost) -> None:
    """Have each certificate of the host renewed when a third of its life is over."""
    shared = run.site.data(renewal.Renewal)
    lifetime = shared.certificate_renewed_lifetime
    found = declarations.credentials(run.site, run.host)
    settings = {
        "authority": f"http://{keeper.address}:{shared.certificate_authority_port}/",
        "root": AUTHORITY_FILE,
        "lifetime": lifetime,
        "part": renewal.PART,
        "certificates": [{name: asdict(one)[name] for name in USED} for one in found],
    }
    service.configured(
        name="It renews what is due",
        unit=Unit(f"{NAME}.timer"),
        files=[
            File(f"{DIRECTORY}/settings.json", json.dumps(settings, indent=1) + "\n"),
            File(PROGRAM, files.read("renewal/tracseq_renewal.py")),
            File(
                f"{UNITS}/{NAME}.service",
                render(
                    f"renewal/{NAME}.service.j2",
                    program=PROGRAM, settings=f"{DIRECTORY}/settings.json", directories=directories(found),
                ),
            ),
            File(
                f"{UNITS}/{NAME}.timer",
                render(f"renewal/{NAME}.timer.j2", every=max(2, min(HOUR, int(lifetime) // 30))),
                restart=True,
            ),
        ],
    )  # fmt: skip


def directories(found: tuple[Credential, ...]) -> list[str]:
    """Where the certificates lie."""
    return sorted({one.certificate.rpartition("/")[0] for one in found})
