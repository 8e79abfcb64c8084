"""Where everything is, said without connecting to any host."""

from __future__ import annotations

from tests.lab import Run, pyinfra
from tests.plan.conftest import PlannedCopy


def opened(copy: PlannedCopy, *arguments: str, inventory: str = "tests/plan/inventory.py") -> Run:
    run = pyinfra(*arguments, inventory, "deploys/open.py", directory=copy.directory)
    assert run.code == 0, run.output
    return run


def test_every_page_and_how_to_reach_it_is_said(copy: PlannedCopy) -> None:
    said = opened(copy, "--data", "ssh_user=deploy", "--data", "ssh_port=2222").output
    assert "https://backup1:9443" in said
    assert (
        "ssh -N -L 9443:127.0.0.1:9443 -L 9090:127.0.0.1:9090 -L 9093:127.0.0.1:9093 -p 2222 deploy@10.0.0.51\n" in said
    )
    for page in ("https://127.0.0.1:9443", "http://127.0.0.1:9090", "http://127.0.0.1:9093"):
        assert page in said
    assert "make logs INVENTORY=" in said
    assert "Connected" not in said


def test_without_pages_there_is_the_rest(copy: PlannedCopy) -> None:
    said = opened(copy, "--data", "pages_port=null").output
    assert "9443" not in said
    assert "ssh -N -L 9090:127.0.0.1:9090 -L 9093:127.0.0.1:9093 10.0.0.51" in said


def test_a_site_without_monitoring_says_what_to_do(copy: PlannedCopy) -> None:
    text = (copy.directory / "tests/plan/inventory.py").read_text()
    (copy.directory / "bare.py").write_text(
        text.replace("monitoring = [", "_none = [").replace("\nlogs = [", "\n_no = [")
    )
    said = opened(copy, inventory="bare.py").output
    assert "no group monitoring (docs/operations/monitoring.md)" in said
    assert "no group logs (docs/operations/logs.md)" in said


def test_to_where_sshd_forwards_is_written_as_sshd_reads_it(copy: PlannedCopy) -> None:
    run = copy.plan("--data", 'ssh_forwarding=["no port"]')
    assert run.code != 0
    assert "ssh_forwarding" in run.output
    assert "no host was touched" in run.output
