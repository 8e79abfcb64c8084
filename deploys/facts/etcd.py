"""A host's member of etcd."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyinfra.api import FactBase

CREDENTIALS = "/etc/tracseq/etcd"
"""Where a host keeps the certificate of its member."""


def command(endpoints: Sequence[str]) -> str:
    """
    Shell: a function ``ctl`` that is etcdctl, with the certificate of the host's member.

    + endpoints: URLs of members
    """
    return (
        "ctl() {\n"
        f"  ETCDCTL_API=3 etcdctl --endpoints={','.join(endpoints)} --cacert={CREDENTIALS}/authority.crt"
        f' --cert={CREDENTIALS}/member.crt --key={CREDENTIALS}/member.key "$@"\n'
        "}"
    )


@dataclass(frozen=True)
class MemberState:
    """A member."""

    data: bool = False
    """Whether it has data, and so is a member of what was begun before."""
    well: bool = False
    """Whether it answers, and is with a majority."""
    said: str = ""
    """What it answered otherwise."""


class Member(FactBase[MemberState]):
    """
    The host's member of etcd.

    + directory: of its data
    + endpoint: its URL
    """

    def command(self, directory: str, endpoint: str) -> str:
        return f"""
[ ! -d {directory}/member ] || echo data
{command([endpoint])}
said=$(ctl --command-timeout=3s endpoint health 2>&1) && echo well ||
  printf 'said\\t%s\\n' "$(printf %s "$said" | tail -n 1 | tr '\\n\\t' '  ')"
true
"""

    @staticmethod
    def default() -> MemberState:
        return MemberState()

    def process(self, output: list[str]) -> MemberState:
        said = next((line.partition("\t")[2] for line in output if line.startswith("said\t")), "")
        return MemberState("data" in output, "well" in output, said)
