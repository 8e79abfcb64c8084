"""No secret is ever where it could be read: not in output, arguments, logs or open files."""

from __future__ import annotations

import base64
import json
import secrets as random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploys.settings import declarations
from tests import lab
from tests.backups import begun_anew
from tests.copy import Copy
from tests.inventory import hosts
from tests.scenarios import strangers

LOOKED_AT = ("tmp", "var/tmp", "run/tracseq", "home", "root", "etc/tracseq", "etc/redis", "etc/postgresql")


SERVICE = "notification"
OF_SERVICE = ("SMTP_PASSWORD", "TEAMS_WEBHOOK_URL", "NOTIFICATION_DATABASE_PASSWORD", "NOTIFICATION_REDIS_PASSWORD")


def with_a_service() -> tuple[str, str]:
    """The lab's catalogue, and in it one that is told every kind of secret that there is."""
    entry = {
        "source": strangers.program(),
        "hosts": ["gw2"],
        "port": 8091,
        "tokens": True,
        "database": SERVICE,
        "redis": True,
        "secrets": OF_SERVICE[:2],
        "gateway": False,
    }
    of_site = hosts(lab.INVENTORY)["gw2"].data["services"]
    return "--data", f"services={json.dumps({**of_site, SERVICE: entry})}"


class Marked(Copy):
    """A copy of the repository whose secrets can be recognised wherever they turn up."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, "lab")
        self.mark = f"Zq{random.token_hex(8)}"
        lines = [f"{name}={self.mark}{random.token_hex(12)}\n" for name in (*declarations.secrets(), *OF_SERVICE)]
        self.secrets.write_text("".join(lines))

    @property
    def traces(self) -> list[str]:
        """What would betray a secret: the mark as it is, and in base64 at every alignment."""
        inner = [base64.b64encode(b"\0" * shift + self.mark.encode())[4:-4].decode() for shift in range(3)]
        return [self.mark, *inner]

    def found_in(self, text: str) -> bool:
        return any(trace in text for trace in self.traces)


class Watch:
    """Looks at the arguments of all processes, and at files that others can read, as long as it lasts."""

    def __init__(self, marked: Marked) -> None:
        self.marked = marked
        self.seen: set[str] = set()
        self.looks = 0
        self._end = threading.Event()

    def _look(self) -> None:
        roots = [f"/proc/{lab.first_process(name)}/root" for name in lab.names()]
        while not self._end.is_set():
            self.looks += 1
            for entry in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    arguments = entry.read_bytes().decode(errors="replace")
                except OSError:
                    continue  # it has ended since
                if self.marked.found_in(arguments):
                    self.seen.add(f"arguments of {arguments[:60]!r}")
            for root in roots:
                for directory in LOOKED_AT:
                    self._open_files(Path(root) / directory)

    def _open_files(self, directory: Path) -> None:
        try:
            if directory.is_symlink() or not directory.stat().st_mode & 0o001:
                return
            for entry in directory.iterdir():
                if entry.is_dir():
                    self._open_files(entry)
                elif entry.is_file() and entry.stat().st_mode & 0o004 and self._betrays(entry):
                    self.seen.add(str(entry))
        except OSError:
            return  # it is gone since

    def _betrays(self, file: Path) -> bool:
        return self.marked.found_in(file.read_bytes().decode(errors="replace"))

    @contextmanager
    def on(self) -> Iterator[None]:
        thread = threading.Thread(target=self._look)
        thread.start()
        try:
            yield
        finally:
            self._end.set()
            thread.join(timeout=60)


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Marked]:
    """The lab's site with marked secrets; afterwards it has its own again."""
    # A repository keeps the passphrase that it was made with.
    begun_anew(lab.INVENTORY)
    yield Marked(tmp_path_factory.mktemp("marked"))
    begun_anew(lab.INVENTORY)
    run = lab.site()
    assert run.code == 0, run.output
    strangers.forgotten(SERVICE)


def test_a_run_that_changes_every_secret_shows_none_of_them(marked: Marked) -> None:
    watch = Watch(marked)
    with watch.on():
        run = lab.pyinfra(
            "-y", "-vvv", "--diff", "--debug", *with_a_service(), lab.INVENTORY, lab.SITE, directory=marked.directory
        )
    assert run.code == 0, run.output[-3000:]
    assert "holds secrets: its difference is not shown" in run.output, "files with secrets did change"
    assert not marked.found_in(run.output)
    # What the service itself is told was looked for, too.
    told = lab.ssh("gw2", "cat /etc/tracseq/services/notification-8091.env")
    assert all(f"{name}=" in told for name in (*OF_SERVICE[:2], "DATABASE_URL", "REDIS_PASSWORD", "JWT_SECRET_KEY"))
    assert told.count(marked.mark) >= 5
    assert watch.looks > 10
    assert watch.seen == set()


@pytest.mark.parametrize(
    "arguments", [("--dry", "--diff", "-vvv"), ("--dry", "--debug-operations"), ("--dry", "--json")]
)
def test_a_plan_shows_none_of_them(marked: Marked, arguments: tuple[str, ...]) -> None:
    lines = [line + "x" for line in marked.secrets.read_text().splitlines()]
    marked.secrets.write_text("\n".join(lines) + "\n")
    run = lab.pyinfra("--dry", *arguments, *with_a_service(), lab.INVENTORY, lab.SITE, directory=marked.directory)
    assert run.code == 0, run.output[-3000:]
    assert not marked.found_in(run.output)


def test_no_host_keeps_one_where_others_can_read(marked: Marked) -> None:
    patterns = " ".join(f"-e {trace}" for trace in marked.traces)
    for name in lab.names():
        found = lab.ssh(
            name,
            "find / -xdev -type f -perm -o=r -newer /proc/1 -not -path '/proc/*' -not -path '/sys/*' -print0 "
            f"| xargs -0 grep -lsF {patterns}; find /run /tmp -type f -perm -o=r -print0 "
            f"| xargs -0 grep -lsF {patterns}; true",
        )
        assert found == "", f"{name}: {found}"
        assert lab.ssh(name, f"journalctl --no-pager --all | grep -cF {patterns} || true").strip() == "0"
        logs = lab.ssh(name, f"grep -rlsF {patterns} /var/log --exclude-dir=journal; true")
        assert logs == "", f"{name}: {logs}"
