"""What hosts tell each other of promotions: only Postgres hosts are believed, and the newest of them wins."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from deploys.controller import certificates
from deploys.controller.authority import Authority
from deploys.controller.certificates import Certificate
from tests.unit import witnesses
from tests.unit.witnesses import YEAR, Witness

SYSTEM = "7301234567890123456"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(str(tmp_path / "authority"), YEAR, YEAR / 12)


@pytest.fixture
def site(tmp_path: Path, authority: Authority) -> Iterator[list[Witness]]:
    with witnesses.site(tmp_path, authority) as found:
        yield found


def statement(witness: Witness, system: str = SYSTEM) -> str:
    return (witness.state / f"{system}.statement").read_text()


def test_every_host_hears_of_a_promotion(site: list[Witness]) -> None:
    pg1, pg2, _ = site
    assert pg1.run("tell", SYSTEM, "1") == "3"
    assert [one.heard(SYSTEM) for one in site] == ["1 pg1"] * 3
    assert pg2.run("tell", SYSTEM, "2") == "3"
    assert [one.heard(SYSTEM) for one in site] == ["2 pg2"] * 3


def test_a_lower_timeline_changes_nothing(site: list[Witness]) -> None:
    pg1, pg2, _ = site
    pg2.run("tell", SYSTEM, "10")
    pg1.run("tell", SYSTEM, "9")
    assert [one.heard(SYSTEM) for one in site] == ["10 pg2"] * 3


def test_of_two_hosts_on_the_same_timeline_the_first_is_kept_everywhere(site: list[Witness]) -> None:
    pg1, pg2, gw1 = site
    pg1.leave()
    pg2.run("tell", SYSTEM, "2")
    first = int((gw1.state / SYSTEM).read_text().split()[2])
    pg2.leave()
    gw1.leave()
    pg1.answer()
    while time.time() < first + 1:
        time.sleep(0.05)
    pg1.run("tell", SYSTEM, "2")
    assert pg1.heard(SYSTEM) == "2 pg1"
    gw1.answer()
    pg1.run("tell", SYSTEM, "2")
    assert gw1.heard(SYSTEM) == "2 pg2"
    pg1.run("learn")
    assert pg1.heard(SYSTEM) == "2 pg2"


def test_a_host_that_was_away_learns_it_from_any_other(
    site: list[Witness], tmp_path: Path, authority: Authority
) -> None:
    pg1, pg2, gw1 = site
    gw1.leave()
    assert pg2.run("tell", SYSTEM, "2") == "2"
    assert gw1.heard(SYSTEM) == ""
    pg2.leave()
    assert gw1.run("learn") == "1"
    assert gw1.heard(SYSTEM) == "2 pg2"
    assert statement(gw1) == statement(pg1)


def test_who_is_alone_knows_that_nobody_answered(site: list[Witness]) -> None:
    pg1, pg2, gw1 = site
    pg2.leave()
    gw1.leave()
    assert pg1.run("learn") == "0"


def test_a_host_that_is_no_postgres_host_is_not_believed(site: list[Witness]) -> None:
    *_, gw1 = site
    gw1.run("tell", SYSTEM, "7")
    assert [one.heard(SYSTEM) for one in site] == [""] * 3


def test_a_stranger_with_another_authority_is_not_believed(site: list[Witness], tmp_path: Path) -> None:
    pg1, *_ = site
    strange = Authority(str(tmp_path / "strange"), YEAR, YEAR / 12)
    stranger = Witness("pg2", tmp_path / "elsewhere", strange)
    stranger.knows([*site, stranger], ["pg1", "pg2"])
    stranger.run("tell", SYSTEM, "7")
    stranger.leave()
    assert pg1.heard(SYSTEM) == ""


def test_a_host_cannot_speak_for_another(site: list[Witness]) -> None:
    pg1, pg2, _ = site
    pg1.run("tell", SYSTEM, "7", WITNESS_SELF="pg2")
    assert [one.heard(SYSTEM) for one in site] == [""] * 3
    pg2.run("tell", SYSTEM, "2")
    assert pg1.heard(SYSTEM) == "2 pg2"


class Online(Authority):
    """One whose leaves a host of the site has signed."""

    def leaf(
        self, name: str, names: Sequence[str], *usages: x509.ObjectIdentifier, revoked: float | None = None
    ) -> Certificate:
        between = self.of_online_authority(names, None)
        issuer = x509.load_pem_x509_certificate(between.certificate.encode())
        signs = serialization.load_pem_private_key(between.key.encode(), None)
        assert isinstance(signs, ec.EllipticCurvePrivateKey)
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
        builder = certificates.builder(names[0], issuer.subject, key.public_key(), now, now + timedelta(days=1))
        made = builder.add_extension(certificates.alternative_names(names), critical=False).sign(signs, SHA256())
        return Certificate(certificates.text(made) + between.certificate, certificates.pem(key))


def test_a_statement_counts_that_is_signed_with_a_certificate_of_the_online_authority(tmp_path: Path) -> None:
    with witnesses.site(tmp_path, Online(str(tmp_path / "online"), YEAR, 1, online=True)) as (pg1, pg2, _):
        pg2.run("tell", SYSTEM, "2")
        assert pg1.heard(SYSTEM) == "2 pg2"


def test_a_statement_stays_true_when_its_certificate_has_expired(tmp_path: Path) -> None:
    brief = Authority(str(tmp_path / "brief"), 1.0, -7200.0)
    with witnesses.site(tmp_path, brief) as (pg1, pg2, _):
        time.sleep(1.1)
        pg2.run("tell", SYSTEM, "2")
        assert pg1.heard(SYSTEM) == "2 pg2"


@pytest.mark.parametrize(
    "said",
    [
        "",
        "\n",
        "tell\n",
        "tell\nend\n",
        "tell\n-----BEGIN CMS-----\nnonsense\n-----END CMS-----\nend\n",
        "tell\n" + "x" * 100_000 + "\nend\n",
        "ask; touch /tmp/x\n",
        "\0\0\0\n",
    ],
)
def test_nonsense_changes_nothing(site: list[Witness], said: str) -> None:
    pg1, pg2, _ = site
    pg2.run("tell", SYSTEM, "2")
    pg1.say(said)
    assert pg1.heard(SYSTEM) == "2 pg2"
    assert sorted(path.name for path in pg1.state.iterdir() if path.is_file()) == [SYSTEM, f"{SYSTEM}.statement"]


def test_a_host_that_lost_its_power_between_two_files_hears_it_again(site: list[Witness]) -> None:
    pg1, pg2, gw1 = site
    pg1.run("tell", SYSTEM, "1")
    before = (gw1.state / SYSTEM).read_text()
    pg2.run("tell", SYSTEM, "2")
    (gw1.state / SYSTEM).write_text(before)
    statement_file = gw1.state / f"{SYSTEM}.statement"
    os.utime(gw1.state / SYSTEM, (statement_file.stat().st_mtime - 60,) * 2)
    pg2.run("tell", SYSTEM, "2")
    assert gw1.heard(SYSTEM) == "2 pg2"


def test_a_changed_statement_is_not_believed(site: list[Witness]) -> None:
    pg1, pg2, gw1 = site
    pg2.run("tell", SYSTEM, "2")
    lines = statement(pg2).splitlines()
    middle = len(lines) // 2
    lines[middle] = lines[middle][::-1]
    for name in (SYSTEM, f"{SYSTEM}.statement"):
        (gw1.state / name).unlink()
    gw1.say("tell\n" + "\n".join(lines) + "\nend\n")
    assert gw1.heard(SYSTEM) == ""
    assert pg1.heard(SYSTEM) == "2 pg2"
