"""Which file a package of a host was installed from."""

from __future__ import annotations

import shlex

from pyinfra.api import FactBase

from deploys.facts.file_set import STAMPS


def stamp(package: str) -> str:
    """
    Path of what a host keeps of it: the digest of the file.

    + package: its name
    """
    return f"{STAMPS}/{package}.deb"


class PackageFile(FactBase[str]):
    """
    The SHA-256 of the file that an installed package came from; empty where it is not installed, or came otherwise.

    + package: its name
    """

    def command(self, package: str) -> str:
        installed = f"dpkg-query --show --showformat '${{db:Status-Status}}' {shlex.quote(package)} 2>/dev/null"
        return f'[ "$({installed})" != installed ] || cat {shlex.quote(stamp(package))} 2>/dev/null; true'

    @staticmethod
    def default() -> str:
        return ""

    def process(self, output: list[str]) -> str:
        return "".join(output).strip()
