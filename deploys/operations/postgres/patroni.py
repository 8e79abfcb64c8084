"""A server that Patroni keeps: started, restarted and configured through it, given to it and taken back."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from pyinfra import host

from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.patroni import CREDENTIALS, REST, Patroni, PatroniState
from deploys.facts.postgres.server import Server
from deploys.facts.postgres.state import Answer, ServerState
from deploys.operations.postgres import shell
from deploys.operations.script import script

PRIMARY = ("master", "primary")
"""What Patroni calls the part of the server that takes writes; it has changed its mind."""


def start(version: int) -> str:
    """
    Shell that has Patroni start a server, which Debian's own unit keeps no more.

    It goes on once the server has the part that its data has: Patroni starts a primary as a replica first.

    + version: of Postgres
    """
    data = shell.data_directory(version)
    return f"""
{shell.query(version)}
starts() {{
  if [ -e {data}/standby.signal ]; then part=t; else part=f; fi
  systemctl --quiet disable --now {shell.unit(version)} 2>&1 || return 1
  # What an earlier Patroni remembers of itself, such as that it was paused, would be in force again.
  systemctl --quiet is-active patroni.service || rm -f {data}/patroni.dynamic.json
  systemctl start patroni.service || return 1
  tries=0
  until [ "$(query --command='select pg_is_in_recovery()' 2>/dev/null)" = "$part" ]; do
    tries=$((tries + 1))
    if [ $tries -ge 300 ]; then
      echo 'Patroni has not started the server within a minute; see patronictl -c /etc/patroni/config.yml list' >&2
      return 1
    fi
    sleep 0.2
  done
}}
starts"""


def reload(version: int, restart: bool = False) -> str:
    """
    Shell with which a server that Patroni keeps takes up its configuration.

    + version: of Postgres
    + restart: whether it is restarted for a setting that needs that; else the setting waits (default false)
    """
    pending = "query --command='select count(*) from pg_settings where pending_restart'"
    restarts = f"""\
  pending=$({pending}) || return 1
  [ "$pending" = 0 ] || {{
{restarted()}
  }}
"""
    return f"""
{shell.query(version)}
take_up() {{
  systemctl reload patroni.service && query --command='select pg_reload_conf()' >/dev/null || return 1
  sleep 1
  refused=$(query --command={shlex.quote(shell.REFUSED)}) || return 1
  [ -z "$refused" ] || {{ echo "$refused" >&2; return 1; }}
{restarts if restart else ""}}}
take_up"""


def restarted() -> str:
    """Shell: have Patroni restart its server, so that nobody is promoted meanwhile."""
    return (
        f"{REST}\n"
        "if ! patience=150 rest --fail --output /dev/null --request POST --data '{}' \"$(api)/restart\"; then\n"
        "  journalctl --unit=patroni.service --lines=20 --no-pager --output=cat >&2 || true\n"
        "  echo 'Patroni did not restart its server; its last lines are above.' >&2\n"
        "  exit 1\n"
        "fi"
    )


@operation
def agreed(
    shared: Mapping[str, Any], addresses: Mapping[str, str], port: int, loop_wait: int, restart: bool = False
) -> Steps:
    """
    Have all members of Patroni share a configuration.

    The parameters of Postgres in it are for a restart: without one they stay as they are, as a server that starts by
    itself would have them. Replicas are restarted before the primary, for a limit that grows must not be lower there.
    Whether Patroni is paused stays as it is.

    + shared: the whole configuration
    + addresses: of the members, by host; the primary's last
    + port: of Patroni
    + loop_wait: seconds after which each member has seen a change
    + restart: whether servers are restarted where a parameter waits for that (default false)

    **Example:**

    .. code:: python

        patroni.agreed(
            name="What all members share",
            shared={"ttl": 20, "loop_wait": 5, "retry_timeout": 5},
            addresses={"pg2": "10.0.0.32", "pg1": "10.0.0.31"},
            port=8008,
            loop_wait=5,
        )
    """
    current: PatroniState = yield Reading(Patroni)
    has = {name: value for name, value in current.shared.items() if name != "pause"}
    wanted = dict(shared)
    if has and not restart:
        wanted["postgresql"] = {**shared["postgresql"], "parameters": has["postgresql"]["parameters"]}
    waits = restart and bool(current.waiting)
    if has == wanted and not waits:
        host.noop("the members share it")
        return
    lines = [REST]
    if has != wanted:
        whole = wanted | ({"pause": current.shared["pause"]} if "pause" in current.shared else {})
        lines += [
            f'rest --fail --output /dev/null --request PUT --data {shlex.quote(json.dumps(whole))} "$(api)/config"',
            f"sleep {loop_wait + 2}",
        ]
    if restart:
        lines += _restarts({name: f"https://{address}:{port}" for name, address in addresses.items()}, loop_wait + 2)
    yield script(*lines)


def _restarts(urls: Mapping[str, str], seen: int) -> list[str]:
    """Shell: restart what waits for it, in this order; members have seen a change after so many seconds."""
    return [
        "settled() {",
        '  rest "$2/patroni" | grep --quiet \'"pending_restart": true\' || return 0',
        "  if patience=150 rest --fail --output /dev/null --request POST --data '{}' \"$2/restart\"; then return; fi",
        '  echo "Patroni on $1 did not restart its server: see journalctl -u patroni there." >&2',
        "  return 1",
        "}",
        *(f"settled {name} {url}" for name, url in urls.items()),
        # A limit that shrank: a replica keeps the larger one until it has seen its primary run with less.
        f"sleep {seen}",
        *(f"settled {name} {url}" for name, url in urls.items()),
    ]


@operation
def paused(timeout: int = 60) -> Steps:
    """
    Have Patroni leave all servers alone, whatever happens to them.

    + timeout: seconds until every member knows (default 60)

    **Example:**

    .. code:: python

        patroni.paused(name="Patroni promotes nobody any more")
    """
    current: PatroniState = yield Reading(Patroni)
    if not current.configured or current.paused:
        host.noop("it promotes nobody")
        return
    control = "runuser -u postgres -- patronictl -c /etc/patroni/config.yml"
    # This member's Patroni may have ended already, and to pause what is paused is an error: etcd is asked.
    yield script(
        "cd /",
        f"shared=$({control} show-config)",
        "if ! echo \"$shared\" | grep --quiet '^pause: true$'; then",
        f"  timeout {timeout} {control} pause --wait >/dev/null",
        "fi",
    )


@operation
def switched_over(version: int, timeout: int = 60) -> Steps:
    """
    Have Patroni hand over to the member that it chooses, where the host's server is the primary.

    + version: of Postgres
    + timeout: seconds that the host's server may take to be a replica (default 60)

    **Example:**

    .. code:: python

        patroni.switched_over(name="Another member is the primary", version=15)
    """
    current: PatroniState = yield Reading(Patroni)
    if current.own.get("role") not in PRIMARY:
        host.noop("another member is the primary")
        return
    yield script(
        "cd /",
        # It ends well where nobody could take over, too.
        "said=$(runuser -u postgres -- patronictl -c /etc/patroni/config.yml switchover --force 2>&1) || true",
        shell.query(version),
        "tries=0",
        "until [ \"$(query --command='select pg_is_in_recovery()' 2>/dev/null)\" = t ]; do",
        "  tries=$((tries + 1))",
        f"  if [ $tries -gt {timeout} ]; then",
        '    echo "$said" >&2',
        f"    echo 'It is no replica after {timeout} s; what Patroni said is above.' >&2",
        "    exit 1",
        "  fi",
        "  sleep 1",
        "done",
    )


@operation
def given_back(version: int) -> Steps:
    """
    Have a server stopped in order that a paused Patroni kept, and Patroni with it.

    + version: of Postgres

    **Example:**

    .. code:: python

        patroni.given_back(name="Patroni gives its server back", version=15)
    """
    current: PatroniState = yield Reading(Patroni)
    if not current.configured:
        host.noop("Patroni has none")
        return
    data = shell.data_directory(version)
    yield script(
        "cd /",
        f"! runuser -u postgres -- /usr/lib/postgresql/{version}/bin/pg_ctl --pgdata={data} status >/dev/null ||"
        f" runuser -u postgres -- /usr/lib/postgresql/{version}/bin/pg_ctl --pgdata={data} --mode=fast --timeout=300"
        " --wait stop >/dev/null",
        "systemctl --quiet disable --now patroni.service 2>&1",
    )


@operation
def forgotten(version: int, slots: Sequence[str], endpoints: Sequence[str], prefix: str) -> Steps:
    """
    Have nothing left of a Patroni that keeps a server no more: neither its slots nor its keys in etcd.

    + version: of Postgres
    + slots: names of the slots that it made for its members
    + endpoints: URLs of etcd
    + prefix: of its keys

    **Example:**

    .. code:: python

        patroni.forgotten(
            name="Nothing is left of Patroni",
            version=15,
            slots=["pg1", "pg2"],
            endpoints=["https://10.0.0.31:2379"],
            prefix="/tracseq/15-main/",
        )
    """
    server: ServerState = yield Reading(Server)
    current: PatroniState = yield Reading(Patroni)
    answer = (server.cluster.answer if server.cluster else None) or Answer(recovery=False)
    left = [name for name in slots if name in answer.slots and not answer.slots[name].active]
    if not current.configured and not left:
        host.noop("nothing is left of it")
        return
    lines = [shell.query(version)]
    dropped = [shlex.quote(f"select pg_drop_replication_slot('{name}')") for name in left]
    lines += [f"query --command={statement} >/dev/null" for statement in dropped]
    if endpoints:
        lines.append(
            f"ETCDCTL_API=3 etcdctl --endpoints={','.join(endpoints)} --cacert={CREDENTIALS}/authority.crt"
            f" --cert={CREDENTIALS}/client.crt --key={CREDENTIALS}/client.key del --prefix {shlex.quote(prefix)}"
            " >/dev/null"
        )
    yield script(*lines)
