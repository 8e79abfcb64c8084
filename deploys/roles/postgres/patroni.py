"""The servers as Patroni keeps them: what each of its members reads, and what all of them share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploys.controller import backups, patroni
from deploys.controller.run import Run
from deploys.controller.templates import render
from deploys.facts.patroni import CONFIGURATION, CREDENTIALS
from deploys.facts.postgres.state import CLUSTER
from deploys.operations.file_set import File
from deploys.operations.postgres import patroni as kept
from deploys.operations.postgres import shell
from deploys.operations.service import Unit
from deploys.roles.postgres import configuration
from deploys.roles.postgres.declaration import CREDENTIALS as OF_SERVER
from deploys.settings.site import Site


def unit(run: Run) -> Unit:
    """Patroni's unit, by which a server runs that it keeps."""
    version = run.topology.version
    return Unit(patroni.UNIT, start=kept.start(version), reload=kept.reload(version, run.options.restart))


def shared(site: Site, declared: Mapping[str, int]) -> Mapping[str, Any]:
    """
    What all members share, as Patroni keeps it in etcd.

    Args:
        site: the site
        declared: the settings of ``limits.declared()``
    """
    return {
        "ttl": int(site.shared.patroni_ttl),
        "loop_wait": int(site.shared.patroni_loop_wait),
        "retry_timeout": int(site.shared.patroni_retry_timeout),
        "synchronous_mode": site.shared.patroni_synchronous,
        # Without etcd a primary goes on as long as every other member says that it still is one.
        "failsafe_mode": True,
        # A member that is away for longer than the ttl would lose its slot; the backup hosts move on theirs themselves.
        "slots": {name: {"type": "physical"} for name in patroni.slots(site)},
        "ignore_slots": [{"name": name, "type": "physical"} for name in backups.slots(site)],
        "postgresql": {
            "use_pg_rewind": True,
            "use_slots": True,
            # Patroni gives these on the command line, so that they are the same everywhere.
            "parameters": {
                **declared,
                "max_replication_slots": declared["max_wal_senders"],
                "wal_level": "replica",
                "wal_log_hints": "on",
            },
        },
    }


def file(run: Run, declared: Mapping[str, int]) -> File:
    """
    What the host's Patroni reads.

    Args:
        run: the run
        declared: the settings of ``limits.declared()``
    """
    site, host, version = run.site, run.host, run.topology.version
    text = render(
        "patroni/config.yml.j2",
        scope=patroni.scope(version),
        namespace=patroni.NAMESPACE,
        name=host.name,
        address=host.address,
        port=site.shared.patroni_port,
        postgres_port=site.shared.postgres_port,
        etcd=[f"{member.address}:{site.shared.etcd_client_port}" for member in site.group("etcd")],
        shared=shared(site, declared),
        server=OF_SERVER,
        credentials=CREDENTIALS,
        version=version,
        data=shell.data_directory(version),
        configuration=f"/etc/postgresql/{version}/{CLUSTER}",
        directory=patroni.DIRECTORY,
        user=configuration.REPLICATOR,
        password=site.secret("POSTGRES_REPLICATION_PASSWORD"),
        log=shell.log_file(version).rpartition("/")[2],
    )
    return File(CONFIGURATION, text, owner="postgres", group="postgres", mode="600", secret=True)


def settled(run: Run, declared: Mapping[str, int]) -> None:
    """Have all members share what the site's data says, on the host of the primary."""
    site, topology = run.site, run.topology
    order = (*topology.replicas, topology.primary)
    kept.agreed(
        name="What all members of Patroni share",
        shared=shared(site, declared),
        addresses={name: site.host(name).address for name in order},
        port=site.shared.patroni_port,
        loop_wait=int(site.shared.patroni_loop_wait),
        restart=run.options.restart,
    )
