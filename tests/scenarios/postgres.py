"""The lab's two Postgres hosts, as scenarios about them need them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests import lab
from tests.inventory import group

UNIT = "postgresql@$(ls /etc/postgresql | grep -E '^[0-9]+$')-main.service"


@dataclass(frozen=True)
class Pair:
    """The primary, and its replica."""

    primary: str
    replica: str


def ask(name: str, query: str) -> str:
    """What a server answers to its superuser."""
    psql = "cd /; runuser -u postgres -- psql -XAtq --dbname=postgres"
    return lab.ssh(name, f"{psql} <<'SQL'\n{query};\nSQL\n", inventory=lab.INVENTORY).strip()


def activity(name: str) -> str:
    """Whether a host's server runs, and since when."""
    command = f"systemctl show --property=ActiveState,ActiveEnterTimestampMonotonic,MainPID {UNIT}"
    return lab.ssh(name, command, inventory=lab.INVENTORY)


def state(name: str) -> str:
    """What systemd says of a host's server: ``active``, ``activating``, ``failed`` or ``inactive``."""
    return lab.ssh(name, f"systemctl is-active {UNIT}", check=False, inventory=lab.INVENTORY).strip()


def said(name: str) -> str:
    """The last lines that a host's server and its fence wrote to the journal."""
    units = f"--unit={UNIT} --unit=tracseq-fence.service --unit=tracseq-timeline.service"
    return lab.ssh(name, f"journalctl --boot --no-pager --lines=40 {units}")


def written_to_by_gateways(name: str) -> bool:
    """Whether every gateway says that its database is well, and has its connections to this host."""
    gateways = group("gateways", lab.INVENTORY)
    for gateway in gateways:
        ask_it = f"curl -sS -m 10 http://127.0.0.1:{gateway.data['gateway_port']}/health/detailed"
        if json.loads(lab.ssh(gateway.name, ask_it))["database"]["status"] != "up":
            return False
    clients = "select host(client_addr) from pg_stat_activity where application_name = 'tracseq-gateway'"
    found = set(ask(name, clients).split())
    return all(found & set(gateway.addresses) for gateway in gateways)


def follows(pair: Pair) -> bool:
    """Whether the replica receives what the primary writes."""
    return ask(pair.replica, "select status from pg_stat_wal_receiver") == "streaming"


def found() -> Pair:
    """The two hosts, as their servers say it."""
    names = [host.name for host in group("postgres", lab.INVENTORY)]
    (primary,) = [name for name in names if ask(name, "select pg_is_in_recovery()") == "f"]
    return Pair(primary, next(name for name in names if name != primary))


@contextmanager
def kept(*others: str) -> Iterator[Pair]:
    """
    The two hosts, whose disks are put back afterwards, with all that their servers wrote meanwhile forgotten.

    Args:
        others: further machines whose disks are put back
    """
    pair = found()
    names = (pair.primary, pair.replica, *others)
    lab.save(*names)
    lab.up()
    lab.eventually(lambda: follows(pair), within=60)
    try:
        yield pair
    finally:
        restored(pair, *others)
        run = lab.site(inventory=lab.INVENTORY)
        assert run.code == 0, run.output


def restored(pair: Pair, *others: str) -> None:
    """Have both hosts, and others, as they were kept, and no host know of a promotion since."""
    names = (pair.primary, pair.replica, *others)
    for name in names:
        if lab.running(name):
            lab.pull_the_plug(name)
    # Off, they cannot say it again.
    for name in set(lab.names()) - set(names):
        lab.ssh(name, "rm -f /var/lib/tracseq-witness/*")
    lab.restore(*names)
    for gateway in group("gateways", lab.INVENTORY):
        # It remembers the timeline that there has never been, and would go back to no older one.
        lab.ssh(gateway.name, "systemctl restart tracseq-gateway.service")
    lab.eventually(lambda: follows(pair), within=60)
