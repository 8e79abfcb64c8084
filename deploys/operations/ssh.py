"""The SSH server, changed without shutting it."""

from __future__ import annotations

from collections.abc import Sequence

from pyinfra import host

from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.service import Service, ServiceState
from deploys.operations import commit_confirmed, file_set, staging
from deploys.operations.file_set import File

UNIT = "ssh.service"
MAIN = "/etc/ssh/sshd_config"
DROP_INS = "/etc/ssh/sshd_config.d"
CANDIDATE = f"/run/systemd/system/{UNIT}.d/tracseq-candidate.conf"

# What sshd needs to check its configuration, where it is not running (sshd(8)).
CHECK = "mkdir -p /run/sshd && /usr/sbin/sshd -t"
INCLUDED = rf"""
if ! grep -Eqs '^[[:space:]]*Include[[:space:]]+{DROP_INS}/\*\.conf' {MAIN}; then
  echo "{MAIN} does not read the drop-ins of this site: put the line" >&2
  echo "'Include {DROP_INS}/*.conf' back at its beginning, as Debian has it." >&2
  exit 1
fi
"""
RESTART = f"""
systemctl daemon-reload
if ! systemctl restart {UNIT}; then
  journalctl --unit={UNIT} --lines=10 --no-pager --output=cat >&2 || true
  exit 1
fi
"""
# sshd reads its configuration from the directory of the attempt, where the drop-ins of the disk lie under
# the staged ones. The sessions that are open stay so: a restart ends the listening process only.
ATTEMPT = f"""
cp -a {MAIN} "$stage/sshd_config"
mkdir "$stage/sshd_config.d"
for directory in {DROP_INS} "$stage/new{DROP_INS}"; do
  [ ! -d "$directory" ] || cp -a "$directory/." "$stage/sshd_config.d"
done
sed -i "s#{DROP_INS}/#$stage/sshd_config.d/#" "$stage/sshd_config"
mkdir -p {CANDIDATE.rpartition("/")[0]}
cat > {CANDIDATE} <<EOF
[Service]
ExecStartPre=
ExecStart=
ExecStart=/usr/sbin/sshd -D -f $stage/sshd_config \\$SSHD_OPTS
EOF
{RESTART}
"""


@operation
def configured(files: Sequence[File], timeout: float = 20) -> Steps:
    """
    Have sshd running with its drop-in files, also from boot on.

    A configuration that sshd refuses is never tried, and one that locks the controller out does
    not stay: see commit_confirmed.py. sshd takes the first value that it reads of most keywords
    (sshd_config(5)), so the first drop-in by name decides.

    + files: drop-ins in /etc/ssh/sshd_config.d
    + timeout: seconds that a new login may take to confirm a change (default 20)

    **Example:**

    .. code:: python

        ssh.configured(
            name="Keys only",
            files=[File("/etc/ssh/sshd_config.d/00-tracseq.conf", "PasswordAuthentication no\\n")],
        )
    """
    unconfirmed = (commit_confirmed.directory("sshd"), CANDIDATE)
    paths = (*(file.path for file in files), MAIN)
    current: ServiceState = yield Reading(Service, unit=UNIT, paths=(*paths, *unconfirmed), directories=())
    stamp = staging.Stamp(UNIT, paths)
    changes = file_set.difference(files, (), (), current.files)
    late = bool(current.files.unapplied) or any(path in current.files.files for path in unconfirmed)
    if not changes and not late and current.running and current.enabled:
        host.noop("sshd runs with its files")
        return
    file_set.show(changes)
    yield from commit_confirmed.change(
        key="sshd",
        changes=changes,
        validate=CHECK,
        prepare=[INCLUDED, *stamp.before()],
        attempt=[ATTEMPT],
        undo=[
            f"rm -f {CANDIDATE}",
            # With a file that was left half written sshd would not start at all.
            *(f"{{ {CHECK}; }} 2>/dev/null || rm -f {file.path}" for file in files),
            f"systemctl daemon-reload; systemctl reset-failed {UNIT}; systemctl restart {UNIT}",
        ],
        keep=[
            f"rm -f {CANDIDATE}",
            *stamp.applied(RESTART),
            *([] if current.enabled else [f"systemctl --quiet enable {UNIT} 2>&1"]),
        ],
        timeout=timeout,
    )
