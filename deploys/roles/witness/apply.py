"""The witness: what each host has heard of promotions, for servers that start and for gateways."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller import files
from deploys.controller.run import Run
from deploys.controller.templates import render
from deploys.operations import role, service, system
from deploys.operations.file_set import File
from deploys.operations.service import UNITS, Unit
from deploys.roles.witness.declaration import STATE, Witness

SOCKET = "tracseq-witness.socket"
USER = "/etc/sysusers.d/tracseq-witness.conf"
DIRECTORY = "/etc/tmpfiles.d/tracseq-witness.conf"


@deploy("Witness")
def apply(run: Run) -> None:
    """Have a host that remembers promotions; where there is one Postgres host, none is ever promoted."""
    port = run.site.data(Witness).witness_port
    state = [
        File(USER, 'u tracseq-witness - "TracSeq witness"\n'),
        File(DIRECTORY, f"d {STATE} 0755 tracseq-witness tracseq-witness -\n"),
    ]
    programs = [
        File("/usr/local/sbin/tracseq-witness", files.read("witness/tracseq-witness"), mode="755"),
        # By name: in which order an inventory has them is nothing that a host must hear of.
        File(
            "/etc/tracseq/witness/hosts",
            render("witness/hosts.j2", hosts=sorted(run.site.hosts, key=lambda one: one.name), port=port),
        ),
        *(
            File(f"{UNITS}/{unit}", files.read(f"witness/{unit}"))
            for unit in ("tracseq-witness@.service", "tracseq-witness-learn.service")
        ),
        File(f"{UNITS}/{SOCKET}", render("witness/tracseq-witness.socket.j2", port=port)),
    ]
    if len(run.site.group("postgres")) < 2:
        role.removed(
            name="None is needed",
            units=[SOCKET, "tracseq-witness-learn.service"],
            paths=[
                "/var/lib/tracseq/applied/witness",
                f"/var/lib/tracseq/applied/{SOCKET}",
                *(file.path for file in (*state, *programs)),
                STATE,
            ],
        )
        return
    system.configured(
        name="Where it remembers promotions",
        key="witness",
        files=state,
        apply=f"systemd-sysusers {USER} && systemd-tmpfiles --create {DIRECTORY}",
    )
    service.configured(name="It hears of promotions", unit=Unit(SOCKET), files=programs)
