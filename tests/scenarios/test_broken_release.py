"""A release that is broken, in whatever way, is turned away: nobody is, and all gateways have what they had."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploys.facts.gateway import DIRECTORY
from tests import lab, ledger
from tests.copy import Copy
from tests.inventory import group
from tests.ledger import Ledger
from tests.scenarios import postgres
from tests.scenarios.killed import killed_at

pytestmark = pytest.mark.long
"""Each of them is built and installed, which takes minutes for all."""

RATE = 100
HEALTH_TIMEOUT = ("--data", "gateway_health_timeout=10")
GATEWAYS = [host.name for host in group("gateways", lab.INVENTORY)]
PACKAGE = "src/tracseq_gateway"
LIVE = 'return json_answer(200, _about("ok"))'
START = "settings = load_settings()\n    log_sink"
CHECK = "database, redis = await asyncio.gather(view.database.result(), view.redis.result())\n    services"
MIGRATION = '''"""A migration that fails."""

from alembic import op

revision = "0099"
down_revision = "{last}"


def upgrade() -> None:
    """Fail."""
    op.execute("SELECT 1 / 0")
'''
BROKEN = {
    "does not start": ("application.py", START, f'raise RuntimeError("it was built in haste")\n    {START}'),
    "answers 500": ("endpoints/health.py", LIVE, LIVE.replace("200", "500")),
    "hangs": ("endpoints/health.py", LIVE, f"await asyncio.sleep(3600)\n    {LIVE}"),
    "is slow": ("endpoints/health.py", LIVE, f"await asyncio.sleep(0.05)\n    {LIVE}"),
    "finds no database": (
        "endpoints/health.py",
        CHECK,
        CHECK.replace("services", 'database = {"status": "down"}\n    services'),
    ),
}
"""By what is wrong: a file of the gateway, a text in it, and what stands there instead."""
SAID = {
    "does not start": "it was built in haste",
    "answers 500": "answers 500",
    "hangs": "answers 000",
    "is slow": "is slower with it than",
    "finds no database": "not up with the change: database",
    "fails to migrate": "division by zero",
    "finds no room": "No space left on device",
}
"""What the run says of it."""


@pytest.fixture(scope="module", autouse=True)
def service() -> Iterator[None]:
    ledger.serve(postgres.found().primary)
    lab.eventually(ledger.answers, within=120, every=1)
    yield
    ledger.gone()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the repository with a gateway of its own, which is another release."""
    made = Copy(tmp_path, "lab")
    made.secrets.write_bytes(Path(".env.lab").read_bytes())
    gateway = made.own("gateway")
    readme = gateway / "README.md"
    readme.write_text(f"{readme.read_text()}\n{tmp_path.name}\n")
    return tmp_path


def current() -> dict[str, str]:
    """The release that each gateway runs."""
    return {name: lab.ssh(name, f"readlink {DIRECTORY}/current") for name in GATEWAYS}


def turned_away(directory: Path, what: str) -> None:
    """A run with a broken release fails, says why, and has hurt nobody; the next good one has nothing left to do."""
    before = current()
    judge = Ledger()
    with judge.writing(RATE):
        judge.more(RATE)
        run = lab.pyinfra("-y", *HEALTH_TIMEOUT, lab.INVENTORY, lab.SITE, directory=directory)
        judge.more(RATE)
    assert run.code != 0
    assert SAID[what] in run.output, run.output
    assert current() == before
    print(f"\n{what}: {len(judge.acknowledged)} writes, {len(judge.failed)} attempts failed")
    assert judge.failed == []
    assert judge.lost(postgres.found().primary) == set()
    again = lab.site()
    assert again.code == 0, again.output
    # What it had installed beside is no release of this repository, and is kept like an older one.
    assert not [name for name in again.changes if "Installed" not in name], again.changes
    assert lab.site().changes == {}


@pytest.mark.parametrize("what", BROKEN)
def test_one_that(copy: Path, what: str) -> None:
    file, text, instead = BROKEN[what]
    path = copy / "gateway" / PACKAGE / file
    assert text in path.read_text()
    path.write_text(path.read_text().replace(text, instead, 1))
    turned_away(copy, what)


def test_one_that_fails_to_migrate(copy: Path) -> None:
    versions = copy / "gateway" / PACKAGE / "audit/migrations/versions"
    last = max(path.name[:4] for path in versions.glob("0*.py"))
    (versions / "0099_fails.py").write_text(MIGRATION.format(last=last))
    turned_away(copy, "fails to migrate")


def test_one_that_finds_no_room(copy: Path) -> None:
    last = GATEWAYS[-1]
    lab.ssh(last, "mount -t tmpfs -o size=1m tmpfs /var/tmp")
    try:
        run = lab.pyinfra("-y", lab.INVENTORY, lab.SITE, directory=copy)
    finally:
        lab.ssh(last, "umount /var/tmp")
    assert run.code != 0
    assert SAID["finds no room"] in run.output
    assert lab.site().code == 0
    assert lab.site().changes == {}


def test_one_whose_run_is_killed_is_finished_by_the_next(copy: Path) -> None:
    judge = Ledger()
    planned = lab.pyinfra("--dry", lab.INVENTORY, lab.SITE, directory=copy)
    assert planned.code == 0, planned.output
    with judge.writing(RATE):
        judge.more(RATE)
        killed_at("Gateway runs it, one host at a time", 1.5, "--chdir", str(copy), lab.INVENTORY, lab.SITE)
        run = lab.site(directory=copy)
        judge.more(RATE)
    assert run.code == 0, run.output
    assert len(set(current().values())) == 1
    print(f"\n{len(judge.acknowledged)} writes, {len(judge.failed)} attempts failed")
    assert judge.failed == []
    assert lab.site(directory=copy).changes == {}
    assert lab.site().code == 0
