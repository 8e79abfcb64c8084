"""What Debian's own programs say against rules, panels and routes that nobody has seen at work yet."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import re
import shlex
import tarfile
from collections.abc import Mapping

from pyinfra.api import FactBase

_HEADINGS = re.compile(r"^(Checking \S+|FAILED:)$")
_NAMES = re.compile(r"\b\d+\.yml:")
"""By which the files are called while they are looked at."""


class Refused(FactBase[tuple[str, ...]]):
    """
    What promtool and amtool say against files; nothing where these are right, or where the programs are not installed.

    + rules: what files of rules are to be, by their paths on the host; those that are so already are not looked at
    + routes: Alertmanager's configuration, with words of no meaning in place of its secrets

    Sources: promtool(1), amtool(1)
    """

    def command(self, rules: Mapping[str, str], routes: str) -> str:
        files = {f"{number}.yml": text for number, text in enumerate(rules.values())}
        looked = "\n".join(
            f"cmp -s {name} {shlex.quote(path)} ||"
            f" said {shlex.quote(path.rpartition('/')[2])} promtool check rules {name}"
            for name, path in zip(files, rules, strict=True)
        )
        # One program for all that are as they should be, which they are but for a few runs.
        sums = "".join(f"{hashlib.sha256(text.encode()).hexdigest()}  {path}\n" for path, text in rules.items())
        return f"""
command -v promtool >/dev/null || exit 0
command -v amtool >/dev/null || exit 0
work=$(mktemp -d) || exit 0
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 0
said() {{ of=$1; shift; "$@" >said 2>&1 || sed "s/^/$of: /" said; }}
printf %s {_packed({**files, "sums": sums, "routes": routes})} | base64 -d | tar -xz || exit 0
sha256sum --check --status sums 2>/dev/null || {{
{looked}
true
}}
said 'Alertmanager' amtool check-config routes
"""

    @staticmethod
    def default() -> tuple[str, ...]:
        return ()

    def process(self, output: list[str]) -> tuple[str, ...]:
        lines = (line.partition(": ") for line in output)
        found = ((of, _NAMES.sub("", said).strip()) for of, _, said in lines)
        return tuple(f"{of}: {said}" for of, said in found if said and not _HEADINGS.match(said))


def _packed(files: Mapping[str, str]) -> str:
    """Files as an archive that is the same each time, in letters."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return base64.b64encode(gzip.compress(archive.getvalue(), mtime=0)).decode()
