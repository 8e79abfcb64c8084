"""The SSH server, changed without shutting it."""

from __future__ import annotations

from collections.abc import Sequence

from pyinfra import host

from deploys.facts.service import Service, ServiceState
from deploys.operations import file_set, trial
from deploys.operations.file_set import File
from deploys.operations.reading import Reading, Steps, operation

UNIT = "ssh.service"
MAIN = "/etc/ssh/sshd_config"
DROP_INS = "/etc/ssh/sshd_config.d"
TRIAL = f"/run/systemd/system/{UNIT}.d/tracseq-trial.conf"

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
# sshd reads its configuration from the trial's directory, where the drop-ins of the disk lie under
# the staged ones. The sessions that are open stay so: a restart ends the listening process only.
ATTEMPT = f"""
cp -a {MAIN} "$stage/sshd_config"
mkdir "$stage/sshd_config.d"
for directory in {DROP_INS} "$stage/new{DROP_INS}"; do
  [ ! -d "$directory" ] || cp -a "$directory/." "$stage/sshd_config.d"
done
sed -i "s#{DROP_INS}/#$stage/sshd_config.d/#" "$stage/sshd_config"
mkdir -p {TRIAL.rpartition("/")[0]}
cat > {TRIAL} <<EOF
[Service]
ExecStartPre=
ExecStart=
ExecStart=/usr/sbin/sshd -D -f $stage/sshd_config \\$SSHD_OPTS
EOF
{RESTART}
"""


@operation
def configured(files: Sequence[File], patience: float = 20) -> Steps:
    """
    Have sshd running with its drop-in files, also from boot on.

    A configuration that sshd refuses is never tried, and one that locks the controller out does
    not stay: see ``trial``. sshd takes the first value that it reads of most keywords
    (sshd_config(5)), so the first drop-in by name decides.

    + files: drop-ins in /etc/ssh/sshd_config.d
    + patience: seconds that a new login may take to confirm a change (default 20)

    **Example:**

    .. code:: python

        ssh.configured(
            name="Keys only",
            files=[File("/etc/ssh/sshd_config.d/00-tracseq.conf", "PasswordAuthentication no\\n")],
        )
    """
    tried = (trial.directory("sshd"), TRIAL)
    there: ServiceState = yield Reading(
        Service, unit=UNIT, paths=(*(file.path for file in files), MAIN, *tried), directories=()
    )
    changes = file_set.difference(files, (), (), there.files)
    late = there.files.newest > there.started or any(path in there.files.files for path in tried)
    if not changes and not late and there.running and there.enabled:
        host.noop("sshd runs with its files")
        return
    file_set.show(changes)
    yield from trial.tried(
        key="sshd",
        changes=changes,
        validate=CHECK,
        prepare=[INCLUDED],
        attempt=[ATTEMPT],
        undo=[
            f"rm -f {TRIAL}",
            # With a file that was left half written sshd would not start at all.
            *(f"{{ {CHECK}; }} 2>/dev/null || rm -f {file.path}" for file in files),
            f"systemctl daemon-reload; systemctl reset-failed {UNIT}; systemctl restart {UNIT}",
        ],
        keep=[f"rm -f {TRIAL}", RESTART, *([] if there.enabled else [f"systemctl --quiet enable {UNIT} 2>&1"])],
        patience=patience,
    )
