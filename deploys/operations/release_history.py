"""The shell with which a host keeps, and tells its journal, which release it has from now on."""

from __future__ import annotations

import json
import shlex

from deploys.facts.release import RECORD
from deploys.facts.release_history import DIRECTORY

METRICS = "/var/lib/tracseq/state"
"""Where the exporter of the machine looks for metrics in files."""
ENTRY = '{"at": %s, "release": "%s", "before": "%s", "commit": "%s", "by": %s, "back": %s}\\n'


def noted(program: str, directory: str, by: str, back: bool) -> list[str]:
    """
    Shell: note the release that is the current one, unless it was that before.

    The journal has it as fields: ``journalctl SYSLOG_IDENTIFIER=tracseq-release --output=verbose``.

    + program: its name, such as ``gateway``
    + directory: it holds ``releases/`` and the link ``current``
    + by: the run
    + back: whether it is a rollback
    """
    fields = {
        "SYSLOG_IDENTIFIER": "tracseq-release",
        "TRACSEQ_PROGRAM": program,
        "TRACSEQ_RUN": by,
        "TRACSEQ_ROLLBACK": "yes" if back else "no",
    }
    told = " ".join(shlex.quote(f"{name}={value}") for name, value in fields.items())
    verb = "is back at" if back else "has"
    return [
        f"mkdir -p {DIRECTORY}",
        f"history={DIRECTORY}/{shlex.quote(program)}",
        'before=$(tail -n 1 "$history" 2>/dev/null | sed -n \'s/.*"release": "\\([^"]*\\)".*/\\1/p\')',
        # Of a host that has noted nothing yet, the link that was replaced says it (staging.replaced()).
        f'[ -n "$before" ] || before=$(basename "$(readlink "${{stage:-/}}/old{directory}/current" 2>/dev/null)")',
        f'release=$(basename "$(readlink {shlex.quote(directory)}/current)")',
        'commit=$(sed -n \'s/.*"commit": "\\([^"]*\\)".*/\\1/p\''
        f" {shlex.quote(directory)}/current/{RECORD} 2>/dev/null || true)",
        'if [ "$before" != "$release" ]; then',
        # Of a line that a host had no power to write to its end.
        '  [ ! -s "$history" ] || [ -z "$(tail -c 1 "$history")" ] || echo >> "$history"',
        f'  printf {shlex.quote(ENTRY)} "$(date +%s)" "$release" "$before" "$commit"'
        f' {shlex.quote(json.dumps(by))} {json.dumps(back)} >> "$history" || exit 1',
        '  sync "$history"',
        f'  printf \'%s\\n\' {told} "TRACSEQ_RELEASE=$release" "TRACSEQ_BEFORE=$before" \\',
        f'    "TRACSEQ_COMMIT=$commit" "MESSAGE={program} {verb} release $release" | logger --journald || true',
        "fi",
        # By a name of its own: the exporter must not read half a file.
        f"mkdir -p {METRICS}",
        f'printf \'tracseq_release_info{{program="%s",release="%s",commit="%s"}} 1\\n\' {shlex.quote(program)}'
        f' "$release" "$commit" > {METRICS}/release_{program}.prom.new',
        f"mv -f {METRICS}/release_{program}.prom.new {METRICS}/release_{program}.prom",
    ]
