"""Debian's packages for a bundle: chosen, fetched and verified by this machine's own apt, and put into an index."""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from pyinfra.api.exceptions import PyinfraError

KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
FOR_THE_CONTROLLER = ("git", "gpg", "make", "openssh-client", "python3-venv")
"""What a machine needs beside Debian's smallest installation to be a controller."""
NO_DATE = "Date: Thu, 01 Jan 1970 00:00:00 UTC"
"""A host without internet may have any time."""


def fetched(suite: str, packages: Sequence[str], archive: Sequence[str], workplace: Path, target: Path) -> int:
    """
    Fill a directory with packages, and with all that they depend on; how many they are.

    Nothing counts as installed, so that any machine of the suite finds there what it lacks.

    Args:
        suite: name of a Debian release
        packages: names of packages
        archive: addresses of Debian's archive and, if there is one, of its security archive
        workplace: a directory for apt, empty or of the last time
        target: the directory to fill

    Raises:
        PyinfraError: with what apt said, where a package cannot be had, or is not what its archive signed.
    """
    for part in (
        "etc/apt/sources.list.d",
        "var/lib/apt/lists/partial",
        "var/cache/apt/archives/partial",
        "nothing/partial",
    ):
        (workplace / part).mkdir(parents=True, exist_ok=True)
    (workplace / "status").write_text("")
    suites = [(archive[0], suite), (archive[0], f"{suite}-updates")]
    suites += [(address, f"{suite}-security") for address in archive[1:]]
    lines = [f"deb [signed-by={KEYS}] {address} {name} main\n" for address, name in suites]
    (workplace / "etc/apt/sources.list").write_text("".join(lines))
    root = workplace.resolve()
    options = [
        "-o", f"Dir={root}", "-o", f"Dir::State::status={root}/status", "-o", "APT::Install-Recommends=false",
        "-o", "Acquire::Languages=none", "-o", "APT::Sandbox::User=root", "--quiet=2",
    ]  # fmt: skip
    _apt(suite, *options, "--error-on=any", "update")
    # What apt keeps of earlier times it would leave out.
    nothing = ("-o", f"Dir::Cache::Archives={root}/nothing")
    wanted = _lines(suite, *options, *nothing, "--yes", "--print-uris", "install", *packages)
    _apt(suite, *options, "--yes", "--download-only", "install", *packages)
    target.mkdir(parents=True)
    for line in wanted:
        # 'http://…' name_1%3a2.0_amd64.deb 1234 SHA256:…
        kept = root / "var/cache/apt/archives" / line.split(" ")[1]
        # Without the epoch, as Debian's archive names it: a colon, or its code, is nothing for an address.
        (target / re.sub(r"_\d+%3a", "_", kept.name)).hardlink_to(kept)
    _index(target)
    return len(wanted)


def archive() -> list[str]:
    """
    The addresses from which this machine's own apt has Debian: the archive's, the security archive's.

    Raises:
        PyinfraError: where it has none.
    """
    command = ["apt-get", "indextargets", "--format", "$(CODENAME) $(REPO_URI)", "Created-By: Packages"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    rows = dict(line.split(" ", 1) for line in reversed(done.stdout.splitlines()) if " " in line)
    here = next((name.removesuffix("-security") for name in rows if name.endswith("-security")), None)
    if here is None or here not in rows:
        raise PyinfraError(
            "apt on this machine knows no mirror of Debian with its security updates, so Debian's packages cannot go "
            "into the bundle: apt-get indextargets shows what it knows, and MIRROR=… names others."
        )
    return [rows[here], rows[f"{here}-security"]]


def _index(directory: Path) -> None:
    """The index by which apt knows a directory of packages (deb-src-control(5), sources.list(5))."""
    stanzas = []
    for path in sorted(directory.glob("*.deb")):
        fields = subprocess.run(["dpkg-deb", "--field", path], capture_output=True, text=True, check=True).stdout
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        stanzas.append(f"{fields.rstrip()}\nFilename: ./{path.name}\nSize: {path.stat().st_size}\nSHA256: {digest}\n")
    index = "\n".join(stanzas).encode()
    (directory / "Packages").write_bytes(index)
    line = f" {hashlib.sha256(index).hexdigest()} {len(index)} Packages"
    (directory / "Release").write_text(f"{NO_DATE}\nSHA256:\n{line}\n")


def _apt(suite: str, *arguments: str) -> str:
    done = subprocess.run(["apt-get", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise PyinfraError(f"The packages of Debian {suite} cannot be had on this machine. apt-get said:\n{said}")
    return done.stdout


def _lines(suite: str, *arguments: str) -> list[str]:
    return [line for line in _apt(suite, *arguments).splitlines() if line.startswith("'")]
