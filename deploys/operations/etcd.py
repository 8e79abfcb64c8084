"""A member of etcd."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from pyinfra import host

from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.etcd import Member, MemberState, command
from deploys.operations.script import script


@operation
def replaced(directory: str, endpoint: str, others: Sequence[str], host_name: str, peer: str) -> Steps:
    """
    Have a machine without data known to the other members as a new one, where they know one of its name that had data.

    A member that lost its data must not come back under its old identity: it would have forgotten what it agreed to.
    Where the others have begun nothing yet, or are no majority, nothing is changed.

    + directory: of the member's data
    + endpoint: its URL
    + others: URLs of the other members
    + host_name: its name
    + peer: its URL for the other members

    **Example:**

    .. code:: python

        etcd.replaced(
            name="A machine that lost its data is a new member",
            directory="/var/lib/etcd/tracseq",
            endpoint="https://10.0.0.31:2379",
            others=["https://10.0.0.32:2379"],
            host_name="pg1",
            peer="https://10.0.0.31:2380",
        )
    """
    current: MemberState = yield Reading(Member, directory=directory, endpoint=endpoint)
    if current.data:
        host.noop("it has its data")
        return
    name, url = shlex.quote(host_name), shlex.quote(peer)
    yield script(
        command(others),
        # ID, status, name, URLs for members, URLs for clients (none until it was there), learner
        f'known=$(ctl member list 2>/dev/null | awk -F ", " -v name={name}'
        " '$3 == name { if ($5 != \"\") print $1 }')",
        '[ -n "$known" ] || exit 0',
        'ctl member remove "$known" >/dev/null',
        f"ctl member add {name} --peer-urls={url} >/dev/null",
        "mkdir -p /run/tracseq",
        "echo ETCD_INITIAL_CLUSTER_STATE=existing >/run/tracseq/etcd-member",
    )


@operation
def joined(directory: str, endpoint: str, timeout: int = 60) -> Steps:
    """
    Wait until a member is with a majority; it changes nothing.

    + directory: of the member's data
    + endpoint: its URL
    + timeout: seconds it may take (default 60)

    **Example:**

    .. code:: python

        etcd.joined(name="It is with a majority", directory="/var/lib/etcd/tracseq", endpoint="https://10.0.0.31:2379")
    """
    current: MemberState = yield Reading(Member, directory=directory, endpoint=endpoint)
    if current.well:
        host.noop("it is with a majority")
        return
    yield script(
        command([endpoint]),
        "tries=0",
        "until ctl --command-timeout=2s endpoint health >/dev/null 2>&1; do",
        "  tries=$((tries + 1))",
        f"  if [ $tries -ge {timeout // 3} ]; then",
        "    journalctl --unit=etcd.service --lines=20 --no-pager --output=cat >&2 || true",
        f"    echo 'etcd.service has found no majority within {timeout} s; its last lines are above.' >&2",
        "    exit 1",
        "  fi",
        "  sleep 1",
        "done",
    )
