"""A package that stands for Grafana's: its names and paths, and a program that reads what Grafana reads."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

PROGRAM = Path("tests/scenarios/services/grafana.py")
CONTROL = """Package: grafana
Version: 11.6.0
Architecture: all
Maintainer: nobody <nobody@example.org>
Depends: adduser, libfontconfig1, musl
Description: stands for Grafana
"""
POSTINST = """#!/bin/sh
set -e
getent passwd grafana >/dev/null || adduser --quiet --system --home /usr/share/grafana --no-create-home --group grafana
install -d -o grafana -g grafana -m 750 /var/lib/grafana /var/log/grafana
"""
UNIT = """[Unit]
Description=Grafana instance
After=network-online.target
[Service]
EnvironmentFile=/etc/default/grafana-server
User=grafana
Group=grafana
ExecStart=/usr/share/grafana/bin/grafana server --config=${CONF_FILE}
Restart=on-failure
[Install]
WantedBy=multi-user.target
"""


def package(directory: Path) -> dict[str, str]:
    """
    Make it; what ``grafana_package`` says of it.

    Args:
        directory: where the package comes to
    """
    tree = directory / "tree"
    files = {
        "DEBIAN/control": CONTROL,
        "DEBIAN/postinst": POSTINST,
        "usr/lib/systemd/system/grafana-server.service": UNIT,
        "etc/default/grafana-server": "CONF_FILE=/etc/grafana/grafana.ini\n",
        "etc/grafana/grafana.ini": "",
        "usr/share/grafana/bin/grafana": PROGRAM.read_text(),
    }
    for name, text in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
        (tree / name).chmod(0o755 if name.endswith(("postinst", "bin/grafana")) else 0o644)
    made = directory / "grafana.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", str(tree), str(made)], check=True, capture_output=True)
    return {"file": str(made), "sha256": hashlib.sha256(made.read_bytes()).hexdigest()}
