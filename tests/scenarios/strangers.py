"""Strangers that stand for the platform's services: what they are made of, and the catalogue of a lab with them."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploys.settings import secrets
from tests import images, lab
from tests.inventory import group, hosts
from tests.scenarios import postgres

INVENTORY = "inventories/lab_services.py"
DIRECTORY = Path(".cache/lab_services")
"""Where group_data/lab_services.py finds the catalogue."""
SOURCE = Path("tests/scenarios/services/stranger.py")
OF_NOTIFICATION = ("SMTP_USERNAME", "SMTP_PASSWORD", "SMS_API_KEY", "SLACK_BOT_TOKEN", "SLACK_WEBHOOK_URL",
                   "TEAMS_WEBHOOK_URL")  # fmt: skip
SECRETS = (*OF_NOTIFICATION, "TEMPLATE_DATABASE_PASSWORD", "SEQUENCING_DATABASE_PASSWORD", "SEQUENCING_REDIS_PASSWORD")
"""What the catalogue below needs in .env.lab."""
HOSTS = BOOKWORM, TRIXIE = "svc1", "svc2"
HTTPBIN = Path("tests/scenarios/services/httpbin.lock")
GO = "prometheus-pushgateway"
MERGED = ("bin", "sbin", "lib", "lib64")
PYTHON = ("libc6", "zlib1g", "libexpat1", "libssl3", "libbz2-1.0", "liblzma5", "libpython3.11-minimal",
          "libpython3.11-stdlib", "python3.11-minimal")  # fmt: skip


def source(kind: str, file: Path) -> dict[str, str]:
    """A source of the catalogue."""
    return {"type": kind, "file": str(file), "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}


def program(version: str = "1", status: int = 200, starts: bool = True) -> dict[str, str]:
    """A program in one file."""
    text = SOURCE.read_text().replace(
        'VERSION, STATUS, STARTS = "1", 200, True', f'VERSION, STATUS, STARTS = "{version}", {status}, {starts}'
    )
    file = DIRECTORY / f"stranger-{version}-{status}-{starts}"
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return source("program", file)


def archive() -> dict[str, str]:
    """A tar archive with a program and more."""
    file = DIRECTORY / "storage.tar.xz"
    with tarfile.open(file, "w:xz") as tar:
        for name, text in (("bin/storage", SOURCE.read_text()), ("share/note", "of the archive\n")):
            entry = tarfile.TarInfo(f"./storage/{name}")
            entry.size, entry.mode = len(text.encode()), 0o4755
            tar.addfile(entry, io.BytesIO(text.encode()))
    return source("archive", file)


def packages(*names: str) -> list[Path]:
    """Debian 12's packages, unpacked in a directory each."""
    found = []
    for name in names:
        directory = DIRECTORY / "packages" / name
        if not directory.exists():
            partial = directory.with_suffix(".partial")
            partial.mkdir(parents=True, exist_ok=True)
            packed = lab.ssh(
                BOOKWORM,
                f"cd /var/tmp && mkdir -p debs && cd debs && rm -f {name}_*.deb && apt-get -qq update >/dev/null && "
                f"apt-get -qq download {name} >/dev/null && base64 {name}_*.deb && rm {name}_*.deb",
                inventory=INVENTORY,
            )
            deb = partial / "package.deb"
            decoded = subprocess.run(["base64", "-d"], input=packed.encode(), capture_output=True, check=True)
            deb.write_bytes(decoded.stdout)
            subprocess.run(["dpkg-deb", "--extract", str(deb), str(partial)], check=True)
            deb.unlink()
            partial.rename(directory)
        found.append(directory)
    return found


def layer(directory: Path) -> bytes:
    """An unpacked package as a layer of an image, its paths as the package has them."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(directory.rglob("*")):
            # Below it there are links by these names, through which their files go.
            if path.relative_to(directory).parts in [(name,) for name in MERGED]:
                continue
            tar.add(path, str(path.relative_to(directory)), recursive=False)
    return buffer.getvalue()


def image() -> dict[str, str]:
    """An archive of an image: Debian's Python in layers, what nobody needs taken away, and a program above it."""
    merged = images.layer(*(images.directory(f"usr/{name}") for name in MERGED),
                          *(images.link(name, f"usr/{name}") for name in MERGED),
                          images.file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"))  # fmt: skip
    above = images.layer(
        images.file("usr/share/.wh.doc"),
        images.file("usr/share/man/.wh..wh..opq"),
        images.file("usr/bin/.wh.pygettext3.11"),
        images.link("usr/bin/python3", "python3.11"),
        images.directory("srv"),
        images.file("srv/stranger.py", SOURCE.read_text(), 0o755),
    )
    layers = [merged, *map(layer, packages(*PYTHON)), above]
    of_run: dict[str, Any] = {
        "Entrypoint": ["/usr/bin/python3"],
        "Cmd": ["/srv/stranger.py"],
        "Env": ["PATH=/usr/bin", "OF_IMAGE=yes"],
        "WorkingDir": "/srv",
        "User": "nobody",
    }
    return source("image", images.archived(images.layout(layers, **of_run), DIRECTORY / "template.oci.tar"))


def catalogue() -> dict[str, Any]:
    """All services of the platform."""
    [go] = packages(GO)
    both, stranger = list(HOSTS), program()
    return {
        "auth": {
            "source": source("program", go / "usr/bin" / GO),
            "hosts": both,
            "port": 8080,
            "command": [GO, "--web.listen-address=:{port}", "--persistence.file=/var/lib/tracseq-service-auth/kept"],
            "health": "/-/healthy",
        },
        "sample": {"source": stranger, "hosts": both, "port": 8081, "instances": 2, "tokens": True},
        "storage": {"source": archive(), "hosts": [BOOKWORM], "port": 8083, "command": ["storage/bin/storage"]},
        "template": {"source": image(), "hosts": both, "port": 8091, "database": "template"},
        "sequencing": {
            "source": stranger,
            "hosts": [TRIXIE],
            "port": 8084,
            "phase": 2,
            "reaches": ["sample"],
            "database": "sequencing",
            "redis": True,
            "redis_shared": ["events"],
        },
        "notification": {
            "source": stranger,
            "hosts": [BOOKWORM],
            "port": 8085,
            "secrets": list(OF_NOTIFICATION),
            "environment": {"SMTP_HOST": "10.77.0.61", "SMTP_FROM": '"$lab" `a` \\ %n'},
            "reaches": [{"destination": "outside", "ports": [2525]}],
        },
        "transaction": {"source": stranger, "hosts": both, "port": 8086, "phase": 2, "reaches": ["sample", "event"]},
        "event": {"source": stranger, "hosts": both, "port": 8087, "socket": True, "gateway": False},
        "rag": {
            "source": source("wheels", HTTPBIN),
            "hosts": both,
            "port": 8088,
            "command": ["bin/gunicorn", "--bind", "0.0.0.0:{port}", "httpbin:app"],
            "health": "/status/200",
            "memory": "256MB",
        },
        "library": {"source": stranger, "hosts": [BOOKWORM], "port": 8089, "cpus": 0.5, "gateway": False},
    }


def given(services: dict[str, Any]) -> None:
    """Have a catalogue for the runs that follow."""
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    (DIRECTORY / "services.json").write_text(json.dumps(services))


@contextmanager
def running(services: Callable[[], dict[str, Any]]) -> Iterator[None]:
    """The lab's site with services on two hosts more; afterwards it is the lab's site again."""
    secrets.invent(".env.lab", SECRETS)
    given({})
    lab.up(*HOSTS, inventory=INVENTORY)
    entries = services()
    made = deployed(entries)
    hosts.cache_clear()
    assert made.code == 0, made.output
    yield
    given({})
    lab.destroy(*HOSTS)
    gone = lab.site()
    assert gone.code == 0, gone.output
    forgotten(*(entry["database"] for entry in entries.values() if "database" in entry))


def forgotten(*databases: str) -> None:
    """Have none of these databases, nor their roles, once their services are gone."""
    primary = next(one.name for one in group("postgres") if postgres.ask(one.name, "select pg_is_in_recovery()") == "f")
    for name in databases:
        postgres.ask(primary, f"drop database if exists {name}")
        postgres.ask(primary, f"drop role if exists {name}")


def ssh(host: str, command: str, check: bool = True) -> str:
    return lab.ssh(host, command, check=check, inventory=INVENTORY)


def asked(host: str, port: int, inventory: str = INVENTORY) -> dict[str, Any]:
    """What a stranger says of itself."""
    found: dict[str, Any] = json.loads(lab.ssh(host, f"curl -sS -m 5 http://127.0.0.1:{port}/", inventory=inventory))
    return found


def deployed(services: dict[str, Any] | None = None) -> lab.Run:
    """Deploy the lab with a catalogue."""
    if services is not None:
        given(services)
    return lab.site(inventory=INVENTORY)
