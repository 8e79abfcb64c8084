"""Redis: how it takes up who may use it, and how its servers get and hand over their parts."""

from __future__ import annotations

from collections.abc import Sequence

from pyinfra import host

from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.redis_member import ENOUGH, MASTER, Member, MemberState, Ports, asking, asking_sentinel
from deploys.facts.redis_software import Software
from deploys.operations.script import script

QUORUM = 2
"""How many Sentinels of three must find the master silent; to replace it, a majority must agree as well."""
REFUSING = 3
"""More replicas than there are: a master that waits for these takes no write."""


def users_loaded(port: int, software: Software) -> str:
    """
    Shell that has a running server take up its file of users, which it refuses as a whole where a line is wrong.

    + port: of the server
    + software: which server it is
    """
    # It takes a line's quotes as the server's file does, and what it reads there no process list shows.
    said = f"sed -n 's/^requirepass /AUTH /p' {software.configuration}; echo ACL LOAD"
    return (
        f"said=$({{ {said}; }} | {software.client} -p {port} 2>&1) &&"
        f' [ "$(printf \'%s\' "$said" | tail -n 1)" = OK ] || {{ printf \'%s\\n\' "$said" >&2; false; }}'
    )


def certificate_loaded(port: int, software: Software, certificate: str, key: str, authority: str) -> str:
    """
    Shell that has a running server take up its certificate; connections that there are go on.

    + port: of the server
    + software: which server it is
    + certificate, key, authority: paths of files
    """
    ask = f"CONFIG SET tls-cert-file {certificate} tls-key-file {key} tls-ca-cert-file {authority}"
    said = f"said=$(echo '{ask}' | {asking(port, software)} | tail -n 1)"
    return f'{said}; [ "$said" = OK ] || {{ echo "$said" >&2; false; }}'


def handed_over(ports: Ports, software: Software) -> str:
    """
    Shell that has a master with replicas become one of them; it ends with 1 where nobody takes over.

    No write is acknowledged from its first line on that the next master might not have. Where no Sentinel answers, the
    server stays what it is. However it ends, the server would take writes again as a master, and can be stopped.

    + ports: where they listen
    + software: which server it is
    """
    return f"""{{ (
ask() {{ printf '%s\\n' "$1" | {asking(ports.server, software)}; }}
sentinel() {{ printf '%s\\n' "$1" | {asking_sentinel(ports.sentinel, software)} | tail -n 1; }}
part=$(ask 'INFO replication')
printf '%s\\n' "$part" | grep -q '^role:master' || exit 0
! printf '%s\\n' "$part" | grep -q '^connected_slaves:0' || exit 0
[ "$(sentinel PING)" = PONG ] || exit 0
trap "ask 'CONFIG SET min-replicas-to-write {ENOUGH}' >/dev/null" EXIT
trap 'exit 1' HUP INT PIPE TERM
ask 'CONFIG SET min-replicas-to-write {REFUSING}' >/dev/null
sleep 1
tries=0
until said=$(sentinel 'SENTINEL FAILOVER {MASTER}'); [ "$said" = OK ]; do
  tries=$((tries + 1))
  if [ $tries -ge 30 ]; then
    echo "No replica takes over from this master within 30 s: the Sentinel says '$said'. See deploys/status.py." >&2
    exit 1
  fi
  sleep 1
done
# What it acknowledged now would be lost: whoever ends this waits until it is replaced.
trap '' HUP INT PIPE TERM
# Sentinels tell a master that still answers only some seconds after the promotion that it is one no more.
tries=0
until [ "$(ask 'INFO replication' | grep -cxE 'role:slave|master_link_status:up')" = 2 ]; do
  tries=$((tries + 1))
  if [ $tries -ge 120 ]; then
    echo 'This master has not become a replica within 60 s. See deploys/status.py.' >&2
    exit 1
  fi
  sleep 0.5
done
) && {_stoppable(ports, software)}; }}"""


def _stoppable(ports: Ports, software: Software) -> str:
    """
    Shell that waits until a server, where it answers, can be stopped.

    While it writes its log anew after it was given all data it says "Writing initial AOF, can't exit" and forgets that
    it was told to end; by its unit systemd then waits for ever.
    """
    return f"""(
tries=0
while echo INFO | {asking(ports.server, software)} | grep -qE '^(loading|aof_rewrite_(in_progress|scheduled)):1'; do
  tries=$((tries + 1))
  if [ $tries -ge 600 ]; then
    echo 'It reads its data or writes its log anew, and has not ended that within 300 s.' >&2
    exit 1
  fi
  sleep 0.5
done
)"""


def restarted(ports: Ports, software: Software, timeout: int = 60) -> str:
    """
    Shell that restarts a server once it is no master with replicas any more, and waits until it follows.

    + ports: where they listen
    + software: which server it is
    + timeout: seconds that it may take to have the master's data (default 60)
    """
    return f"""{{ {handed_over(ports, software)} && systemctl restart {software.unit} && (
tries=0
until echo 'INFO replication' | {asking(ports.server, software)} | grep -qE '^(role:master|master_link_status:up)'; do
  tries=$((tries + 1))
  if [ $tries -ge {timeout * 2} ]; then
    echo 'It has not the data of its master within {timeout} s.' >&2
    exit 1
  fi
  sleep 0.5
done
); }}"""


@operation
def joins(master: str, ports: Ports, software: Software) -> Steps:
    """
    Have a server that never had a part begin as a replica; one that has a part keeps it, whatever it is.

    + master: address of the master
    + ports: where they listen
    + software: which server it is

    **Example:**

    .. code:: python

        redis.joins(name="It joins the master", master="10.0.0.41", ports=Ports(6379, 26379), software=REDIS)
    """
    current: MemberState = yield Reading(Member, ports=ports, software=software)
    if current.has_role:
        host.noop("it has a part")
        return
    yield script(*_begun(software, software.own, f"replicaof {master} {ports.followed}"))


@operation
def watches(master: str, ports: Ports, software: Software) -> Steps:
    """
    Have a Sentinel that never ran begin with the master that there is; what it knows itself, it keeps.

    + master: address of the master
    + ports: where they listen
    + software: which server it is

    **Example:**

    .. code:: python

        redis.watches(name="It knows the master", master="10.0.0.41", ports=Ports(6379, 26379), software=REDIS)
    """
    current: MemberState = yield Reading(Member, ports=ports, software=software)
    if current.watched:
        host.noop("it knows the master")
        return
    yield script(
        *_begun(software, software.sentinel_own, f"sentinel monitor {MASTER} {master} {ports.followed} {QUORUM}")
    )


def _begun(software: Software, path: str, line: str) -> list[str]:
    user = software.user
    return [
        f"install -d -o {user} -g {user} -m 750 {software.state}",
        "umask 077",
        f"echo '{line}' >{path}.new",
        f"chown {user}:{user} {path}.new",
        f"mv -f {path}.new {path}",
    ]


@operation
def password_taken(digest: str, ports: Ports, software: Software) -> Steps:
    """
    Have the running server and Sentinel take a password beside the one that they have, until they are restarted.

    The servers log in to each other: with a new password on one of them alone nobody would follow anybody.

    + digest: SHA-256 of the password, hexadecimal
    + ports: where they listen
    + software: which server it is

    **Example:**

    .. code:: python

        redis.password_taken(name="The password is taken", digest="9f86...", ports=Ports(6379, 26379), software=REDIS)
    """
    current: MemberState = yield Reading(Member, ports=ports, software=software)
    ask = [
        ask
        for takes, ask in (
            (current.server_takes, asking(ports.server, software)),
            (current.sentinel_takes, asking_sentinel(ports.sentinel, software)),
        )
        if takes and digest not in takes
    ]
    if not ask:
        host.noop("it is taken, where anybody answers")
        return
    yield script(*(f"echo 'ACL SETUSER default #{digest}' | {one} | tail -n 1 | grep -qx OK" for one in ask))


@operation
def only_these(addresses: Sequence[str], ports: Ports, software: Software, away: int = 0, timeout: int = 60) -> Steps:
    """
    Have a Sentinel know the hosts of the site and no others: without that, those that left count for a majority.

    + addresses: of all Redis hosts
    + ports: where they listen
    + software: which server it is
    + away: how many of the others are not there to be found (default 0)
    + timeout: seconds it may take to find the others anew (default 60)

    **Example:**

    .. code:: python

        redis.only_these(
            name="It knows no others", addresses=["10.0.0.41", ...], ports=Ports(6379, 26379), software=REDIS
        )
    """
    current: MemberState = yield Reading(Member, ports=ports, software=software)
    if current.known <= set(addresses):
        host.noop("it knows no others")
        return
    ask = asking_sentinel(ports.sentinel, software)
    others = len(addresses) - 1 - away
    yield script(
        f"ask() {{ printf '%s\\n' \"$1\" | {ask}; }}",
        f"ask 'SENTINEL RESET {MASTER}' >/dev/null",
        "tries=0",
        f"until ask 'SENTINEL MASTER {MASTER}' | tail -n +2 | paste - - |",
        f"  awk '/^num-(slaves|other-sentinels)\\t/ {{ n += ($2 >= {others}) }} END {{ exit n != 2 }}'; do",
        "  tries=$((tries + 1))",
        f"  if [ $tries -ge {timeout} ]; then",
        f"    echo 'The Sentinel has not found {others} others and {others} replicas within {timeout} s.' >&2",
        "    exit 1",
        "  fi",
        "  sleep 1",
        "done",
    )


@operation
def settled(others: int, ports: Ports, software: Software, away: int = 0, timeout: int = 60) -> Steps:
    """
    Wait until a server has its part, and its Sentinel knows of everybody.

    Where a handover died, the server would take no write as a master: that is set back.

    + others: how many other servers there are
    + ports: where they listen
    + software: which server it is
    + away: how many more there are that a Sentinel may know, and that need not be there (default 0)
    + timeout: seconds it may take (default 60)

    **Example:**

    .. code:: python

        redis.settled(name="It has its part", others=2, ports=Ports(6379, 26379), software=REDIS)
    """
    current: MemberState = yield Reading(Member, ports=ports, software=software)
    follows = current.server.get("master_link_status") == "up"
    leads = current.master and current.replicas >= others
    known = (current.sentinel.get(name, "") for name in ("num-slaves", "num-other-sentinels"))
    knows = all(one.isdecimal() and others <= int(one) <= others + away for one in known)
    if (follows or leads) and knows and current.needs == ENOUGH:
        host.noop("it has its part")
        return
    yield script(
        f'ask() {{ echo "$1" | {asking(ports.server, software)}; }}',
        f"takes() {{ ask 'CONFIG SET min-replicas-to-write {ENOUGH}' | tail -n 1 | grep -qx OK; }}",
        "follows() { ask 'INFO replication' | grep -qx master_link_status:up; }",
        f"leads() {{ [ \"$(ask 'INFO replication' | sed -n 's/^connected_slaves://p')\" -ge {others} ] 2>/dev/null; }}",
        f"known() {{ echo 'SENTINEL MASTER {MASTER}' | {asking_sentinel(ports.sentinel, software)} |",
        f"  tail -n +2 | paste - - | awk '/^num-(slaves|other-sentinels)\\t/ "
        f"{{ n += ($2 >= {others}) * ($2 <= {others + away}) }} END {{ exit n != 2 }}'; }}",
        "tries=0",
        "until takes && { follows || leads; } && known; do",
        "  tries=$((tries + 1))",
        f"  if [ $tries -ge {timeout * 2} ]; then",
        "    ask 'INFO replication' >&2",
        f"    echo 'It has no part among {others} others within {timeout} s, or its Sentinel does not know them.' >&2",
        "    exit 1",
        "  fi",
        "  sleep 0.5",
        "done",
    )
