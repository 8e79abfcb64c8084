"""The shell with which a running nginx applies its files, is seen to have done so, and leaves out a server."""

from __future__ import annotations

import shlex

ERROR_LOG = "/var/log/nginx/error.log"
CONFIGURATION = "/etc/nginx/conf.d/tracseq.conf"
"""The file that names the servers which nginx shares requests among."""
BEFORE = "/run/tracseq/nginx-before-draining"
"""Keeps when that file was written: the deploy knows by it that nginx runs with it."""
TIMEOUT = 10
"""Seconds that the master may take to start its new workers."""


def reload() -> str:
    """
    Shell: have nginx apply its files, and go on once new workers of it answer.

    ``nginx -s reload`` returns before the master has read anything (nginx(8)), and some mistakes
    only the running master finds, such as another key for a shared memory zone. It then goes on
    with the old workers, and says so in its log alone.
    """
    return f"""
workers() {{ ps --no-headers --ppid "$master" -o pid,args | sed -n 's/^ *\\([0-9]*\\) nginx: worker process$/\\1/p'; }}
apply() {{
  master=$(cat /run/nginx.pid) || return 1
  before=$(workers); size=$(stat -c %s {ERROR_LOG} 2>/dev/null || echo 0)
  systemctl reload nginx.service || return 1
  tries=0
  while [ $tries -lt {TIMEOUT * 10} ]; do
    tries=$((tries + 1))
    if tail -c "+$((size + 1))" {ERROR_LOG} 2>/dev/null | grep -F '[emerg]' >&2; then return 1; fi
    if [ -n "$(workers | grep -vxF "${{before:-none}}")" ]; then
      curl --silent --insecure --max-time 5 --output /dev/null https://127.0.0.1/ && return 0
    fi
    sleep 0.1
  done
  echo 'nginx has started no new workers within {TIMEOUT} s.' >&2
  return 1
}}
apply"""


MARK = """
  $1 == "server" && $2 != "{" {
    sub(/ (down|weight=[0-9]+);/, ";")
    name = $2; sub(/;.*/, "", name)
    if (name == server) { found = 1; if (own) sub(/;/, " " own ";") }
    else { others = 1; if (other) sub(/;/, " " other ";") }
  }
  { print }
  END { exit !(found && others) }
"""
"""awk: mark one server, and the others; it ends with an error where it is not there, or there are no others."""
MARKED = "^ *server .* (down|weight=[0-9]+);"


def drained(server: str, configuration: str = CONFIGURATION) -> list[str]:
    """
    Shell: have nginx begin nothing more with a server, and end what it has begun with it.

    Nothing is done where nginx does not run, does not know the server, or has no other.

    + server: its address and port, as the configuration names it
    + configuration: the file that names it
    """
    return _marked(server, "down", "", configuration)


def shared(server: str, weight: int, configuration: str = CONFIGURATION) -> list[str]:
    """
    Shell: have nginx give a server a smaller part of the requests than each other one.

    + server: its address and port, as the configuration names it
    + weight: how many times as much each other one gets
    + configuration: the file that names them
    """
    return _marked(server, "", f"weight={weight}", configuration)


def _marked(server: str, own: str, other: str, configuration: str) -> list[str]:
    file = shlex.quote(configuration)
    given = {"server": server, "own": own, "other": other}
    values = " ".join(f"-v {name}={shlex.quote(value)}" for name, value in given.items())
    return [
        "if systemctl is-active --quiet nginx.service &&",
        f"    awk {values} {shlex.quote(MARK)} {file} > {BEFORE}.text; then",
        # Where there are marks, of an earlier step or a run that died, the time was kept with the first of them.
        f"  grep -qE '{MARKED}' {file} || touch -r {file} {BEFORE}",
        f"  cp -a {file} {file}.tracseq-before",
        f"  cp {BEFORE}.text {file}",
        f"  rm {BEFORE}.text",
        f"  if ! ( {reload()} ); then mv -f {file}.tracseq-before {file}; exit 1; fi",
        f"  rm {file}.tracseq-before",
        "fi",
    ]


def undrained(configuration: str = CONFIGURATION) -> list[str]:
    """
    Shell: have nginx share requests evenly among all of its servers again.

    + configuration: the file that names them
    """
    file = shlex.quote(configuration)
    return [
        f"if grep -qE '{MARKED}' {file}; then",
        f"  sed -E '/^ *server /s/ (down|weight=[0-9]+);/;/' {file} > {file}.tracseq-new",
        f"  [ ! -e {BEFORE} ] || touch -r {BEFORE} {file}.tracseq-new",
        f"  mv -f {file}.tracseq-new {file}",
        f"  rm -f {BEFORE}",
        f"  ! systemctl is-active --quiet nginx.service || ( {reload()} )",
        "fi",
    ]
