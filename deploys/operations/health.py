"""Whether a service is well after a change: it answers, and nothing that it needs is worse than before."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

DIRECTORY = "/run/tracseq/health"

# Each report is a JSON object whose members are what the service needs, such as {"database": {"status": "up"}}.
COMPARE = """
import json, sys

def up(path):
    found = set()
    for line in open(path):
        try:
            report = json.loads(line)
        except ValueError:
            continue
        found |= {name for name, part in report.items() if isinstance(part, dict) and part.get("status") == "up"}
    return found

before, after, counted, *required = sys.argv[1:]
had = up(before) & set(counted.split(",")) if counted else up(before)
worse = sorted((had or set(required)) - up(after))
if worse:
    print("not up with the change:", ", ".join(worse) + ".", open(after).read()[:1000])
sys.exit(bool(worse))
"""


@dataclass(frozen=True)
class Health:
    """
    How to tell whether a service is well.

    + url: on the host; it answers 200 when the service is well by itself
    + reports: commands on the host that each print, in one line, a JSON object of what the service
      needs; what was up before a change must be up after it, what was not need not
    + required: what must be up where nothing ran before
    + timeout: seconds that it may take to become well (default 60)
    + counted: what counts of the reports, where the service may be made to need less than before; none: all of it
    """

    url: str
    reports: Sequence[str] = ()
    required: Sequence[str] = ()
    timeout: int = 60
    counted: Sequence[str] = ()

    def before(self, running: bool) -> list[str]:
        """
        Shell: note what the service needs and has, as it was before the change.

        + running: whether it runs; else nothing is noted, and what a run that was killed has noted is forgotten
        """
        if not self.reports:
            return []
        if not running:
            return [f"rm -f {DIRECTORY}/before"]
        return [f"mkdir -p -m 700 {DIRECTORY}", f"{self._reported} > {DIRECTORY}/before"]

    def after(self, unit: str) -> list[str]:
        """
        Shell: wait until the service is well, or end with what is not and with what it said itself.

        + unit: its unit
        """
        quoted = shlex.quote(self.url)
        counted = f"{shlex.quote(','.join(self.counted))} {' '.join(self.required)}"
        compare = f"python3 -c {shlex.quote(COMPARE)} {DIRECTORY}/before {DIRECTORY}/after {counted}"
        compared = f"{{ {self._reported} > {DIRECTORY}/after; {compare} > {DIRECTORY}/worse; }}"
        return [
            f"mkdir -p -m 700 {DIRECTORY}",
            f"touch {DIRECTORY}/before",
            f": > {DIRECTORY}/worse",
            f"answer=000; end=$(($(cut -d. -f1 /proc/uptime) + {self.timeout})); well=no",
            'while [ "$(cut -d. -f1 /proc/uptime)" -lt $end ]; do',
            f"  answer=$(curl --silent --max-time 5 --output {DIRECTORY}/answer --write-out '%{{http_code}}' {quoted})"
            " || true",
            f'  if [ "$answer" = 200 ]{f" && {compared}" if self.reports else ""}; then well=yes; break; fi',
            "  sleep 0.3",
            "done",
            f"rm -f {DIRECTORY}/before",
            "if [ $well = no ]; then",
            f"  journalctl --unit={shlex.quote(unit)} --lines=20 --no-pager --output=cat >&2 || true",
            f"  cat {DIRECTORY}/worse >&2",
            f'  echo {quoted} "answers $answer, {self.timeout} s after the change:'
            f' $(head -c 500 {DIRECTORY}/answer 2>/dev/null)" >&2',
            "  exit 1",
            "fi",
        ]

    @property
    def _reported(self) -> str:
        return "{ " + " ".join(f"{{ {report} || true; }}; echo;" for report in self.reports) + " }"
