"""The shell with which a running nginx applies its files, and is seen to have done so."""

from __future__ import annotations

import shlex

ERROR_LOG = "/var/log/nginx/error.log"
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


def checked(configuration: str) -> str:
    """
    Shell: whether the configuration of an nginx of its own is right.

    + configuration: its path; what else it names lies beside it, and what nginx makes is in a directory of its own
    """
    return (
        'made=$(mktemp -d) && { nginx -t -q -e stderr -p "$made/" -c '
        f'{shlex.quote(configuration)}; right=$?; rm -rf "$made"; [ $right = 0 ]; }}'
    )
