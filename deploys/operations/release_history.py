"""The shell with which a host keeps, and tells its journal, which release it has from now on."""

from __future__ import annotations

import json
import shlex

from pyinfra import host

from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.release import RECORD
from deploys.facts.release_history import DIRECTORY, Noted
from deploys.operations.script import script

METRICS = "/var/lib/tracseq/state"
"""Where the exporter of the machine looks for metrics in files."""
ENTRY = '{"at": %s, "release": "%s", "before": "%s", "commit": "%s", "by": %s, "back": %s}\\n'


def noted(program: str, directory: str, by: str, back: bool, link: str = "current") -> list[str]:
    """
    Shell: note the release that is the current one, unless it was that before.

    The journal has it as fields: ``journalctl SYSLOG_IDENTIFIER=tracseq-release --output=verbose``.

    + program: its name, such as ``gateway``
    + directory: it holds ``releases/`` and the link
    + by: the run
    + back: whether it is a rollback
    + link: the link to it in the directory
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
        f'[ -n "$before" ] || before=$(basename "$(readlink "${{stage:-/}}/old{directory}/{link}" 2>/dev/null)")',
        f'release=$(basename "$(readlink {shlex.quote(directory)}/{link})")',
        'commit=$(sed -n \'s/.*"commit": "\\([^"]*\\)".*/\\1/p\''
        f" {shlex.quote(directory)}/{link}/{RECORD} 2>/dev/null || true)",
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


@operation
def kept(program: str, directory: str, link: str, by: str, back: bool) -> Steps:
    """
    Have the release to which a link leads noted as the one that the host serves with.

    + program: its name, such as ``gateway``
    + directory: it holds ``releases/`` and the link
    + link: the link to it
    + by: the run
    + back: whether it is a rollback

    **Example:**

    .. code:: python

        release_history.kept(
            name="Who gave it which release is noted",
            program="gateway",
            directory="/opt/tracseq/gateway",
            link="green",
            by="somebody@controller-1 (4711)",
            back=False,
        )
    """
    is_noted: bool = yield Reading(Noted, program=program, link=f"{directory}/{link}")
    if is_noted:
        host.noop(f"{program}: its release is noted")
        return
    yield script(*noted(program, directory, by, back, link))
