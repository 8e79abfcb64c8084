"""The shell with which a host keeps, and tells its journal, which release it has from now on."""

from __future__ import annotations

import json
import shlex

from deploys.facts.release_history import DIRECTORY

ENTRY = '{{"at": %s, "release": {release}, "before": "%s", "commit": {commit}, "by": {by}, "back": {back}}}\\n'


def noted(program: str, release: str, commit: str, by: str, back: bool) -> list[str]:
    """
    Shell: note that a release is the current one, unless it was that before.

    The journal has it as fields: ``journalctl SYSLOG_IDENTIFIER=tracseq-release --output=verbose``.

    + program: its name, such as ``gateway``
    + release: its name
    + commit: that it was installed from
    + by: the run
    + back: whether it is a rollback
    """
    values = {"release": release, "commit": commit, "by": by, "back": back}
    # printf(1) would take a percent sign for a place.
    entry = ENTRY.format(**{name: json.dumps(value).replace("%", "%%") for name, value in values.items()})
    fields = {
        "SYSLOG_IDENTIFIER": "tracseq-release",
        "TRACSEQ_PROGRAM": program,
        "TRACSEQ_RELEASE": release,
        "TRACSEQ_COMMIT": commit,
        "TRACSEQ_RUN": by,
        "TRACSEQ_ROLLBACK": "yes" if back else "no",
    }
    told = " ".join(shlex.quote(f"{name}={value}") for name, value in fields.items())
    verb = "is back at" if back else "has"
    return [
        f"mkdir -p {DIRECTORY}",
        f"history={DIRECTORY}/{shlex.quote(program)}",
        'before=$(tail -n 1 "$history" 2>/dev/null | sed -n \'s/.*"release": "\\([^"]*\\)".*/\\1/p\')',
        f'if [ "$before" != {shlex.quote(release)} ]; then',
        f'  printf {shlex.quote(entry)} "$(date +%s)" "$before" >> "$history"',
        f"  printf '%s\\n' {told} \"TRACSEQ_BEFORE=$before\" \\",
        f"    {shlex.quote(f'MESSAGE={program} {verb} release {release}')} | logger --journald || true",
        "fi",
    ]
