"""Another release of the gateway, and who asks meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from tests import lab
from tests.copy import Copy
from tests.tokens import token


def another(
    directory: Path,
    *arguments: str,
    changes: Iterable[tuple[str, str, str]] = (),
    files: Mapping[str, str] | None = None,
) -> Path:
    """
    A copy of the repository whose gateway is another release, with its wheels built.

    Args:
        directory: an empty one
        arguments: of the runs that are to bring it out
        changes: what is different in it: a file of the gateway, a text in it, and what stands there instead
        files: further files of its gateway, by their paths
    """
    copy = Copy(directory, "lab")
    copy.secrets.write_bytes(Path(".env.lab").read_bytes())
    gateway = copy.own("gateway")
    readme = gateway / "README.md"
    readme.write_text(f"{readme.read_text()}\nOf the next release.\n")
    for name, text, instead in changes:
        path = gateway / name
        assert path.read_text().count(text) == 1, f"{text!r} is in {name} once"
        path.write_text(path.read_text().replace(text, instead))
    for name, text in (files or {}).items():
        (gateway / name).write_text(text)
    planned = lab.pyinfra("--dry", "--json", *arguments, lab.INVENTORY, lab.SITE, directory=directory)
    assert planned.code == 0, planned.output
    return directory


def authorization() -> dict[str, str]:
    """The header with which a technician asks."""
    return {"Authorization": f"Bearer {token(sub='technician-1', roles=['technician'])}"}


def cursor(balancer: str) -> str:
    """Where a balancer's journal of requests ends now."""
    return lab.ssh(balancer, "journalctl -t nginx -n 1 --show-cursor -o cat | sed -n 's/^-- cursor: //p'").strip()


def mixed(balancer: str, since: str, to: int, other: int) -> float:
    """
    Seconds in which a balancer sent requests to two gateways of a host, by what its nginx wrote when each was answered.

    Args:
        balancer: its name
        since: the cursor from before
        to: the port to which it switched
        other: the one from which it did
    """
    lines = lab.ssh(balancer, f"journalctl -t nginx --after-cursor='{since}' -o short-unix --no-pager | grep /ledger")
    at = {
        port: [float(line.split(" ", 1)[0]) for line in lines.splitlines() if f":{port} " in line]
        for port in (other, to)
    }
    assert at[other], "the balancer was asked before the switch"
    assert at[to], "and after it"
    return max(at[other]) - min(at[to])
