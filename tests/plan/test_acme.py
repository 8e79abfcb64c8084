"""The certificate of the public name by ACME: refused where none would come, and planned on every load balancer."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.plan.conftest import PlannedCopy
from tests.plan.test_virtual_address import two

USED = ("certificate_source=acme", "acme_contact=administrator@example.org")
UPDATES = ("acme_challenge=dns-01", "acme_dns_server=10.0.0.53", "acme_dns_key=acme.example.org.")
SECRET = "ACME_DNS_SECRET=dGhpcyBpcyBub3QgcmFuZG9tIGF0IGFsbAo="
UNTOUCHED = "no host was touched"


def data(*pairs: str) -> tuple[str, ...]:
    return tuple(part for one in pairs for part in ("--data", one))


def secret(copy: PlannedCopy, line: str = SECRET) -> None:
    copy.secrets.write_text(f"{copy.secrets.read_text()}{line}\n")


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (("acme_contact=",), "acme_contact (in group_data/all.py) is missing: an account needs a mail address"),
        (("acme_contact=nobody",), "acme_contact (in group_data/all.py, or what overrides it)"),
        (("certificate_file=own.crt",), "certificate_file (of lb1, in group_data/load_balancers.py) names"),
        (("domain=tracseq",), "domain (in group_data/all.py) is tracseq: an authority that speaks ACME"),
        (("acme_directory=http://10.0.0.99/directory",), "acme_directory (in group_data/all.py, or what overrides"),
        (("acme_directory=https://10.0.0.99:14000/dir",), "is at port 14000, to which the firewall lets nobody"),
        (("acme_directory=https://10.0.0.99:99999/dir",), "acme_directory (in group_data/all.py) has no port"),
        (("acme_authority_file=nowhere.crt",), "acme_authority_file (in group_data/all.py) names a file of this"),
        (("acme_challenge=tls-alpn-01",), "acme_challenge (in group_data/all.py, or what overrides it)"),
        (("acme_challenge=dns-01",), "which needs acme_dns_server beside it"),
        (("acme_challenge=dns-01",), "which needs acme_dns_key beside it"),
        (UPDATES, "ACME_DNS_SECRET is missing"),
        (("certificate_source=letsencrypt",), "certificate_source (in group_data/all.py, or what overrides it)"),
    ],
)
def test_what_is_wrong_is_said(copy: PlannedCopy, more: tuple[str, ...], problem: str) -> None:
    run = copy.plan(*data(*USED, *more))
    assert run.code != 0
    assert problem in run.output
    assert UNTOUCHED in run.output.lower()


def test_a_secret_that_is_no_base64_is_said_and_not_shown(copy: PlannedCopy) -> None:
    secret(copy, "ACME_DNS_SECRET=not-base64-but-0123456789-long")
    run = copy.plan(*data(*USED, *UPDATES))
    assert run.code != 0
    assert "ACME_DNS_SECRET is no base64" in run.output
    assert "0123456789" not in run.output


def test_without_it_nothing_of_it_is_planned(copy: PlannedCopy) -> None:
    run = copy.plan("--diff")
    assert run.code == 0, run.output
    assert not [one["name"] for one in run.json["plan"] if "ACME" in one["name"]]
    for of_acme in ("acme-challenge", "realpath_root", "tracseq_shown"):
        assert of_acme not in run.output


def test_one_balancer_asks_nobody_else(copy: PlannedCopy) -> None:
    run = copy.plan("--diff", *data(*USED))
    assert run.code == 0, run.output
    assert run.changes["ACME | It asks for a certificate"] == ["@fake/lb1"]
    assert "location ^~ /.well-known/acme-challenge/ {" in run.output
    assert "@of_others" not in run.output
    assert "ssl_certificate $certificate.crt;" in run.output


def test_two_balancers_ask_each_other_once(copy: PlannedCopy) -> None:
    run = copy.plan("--diff", *data(*USED), inventory=two(copy))
    assert run.code == 0, run.output
    assert run.changes["ACME | It asks for a certificate"] == ["@fake/lb1", "@fake/lb2"]
    assert set(re.findall(r"server (\S+):80 max_fails=0;", run.output)) == {"10.0.0.11", "10.0.0.12"}
    location = run.output.split("location ^~ /balancer/challenges/ {")[1].split("}")[0]
    assert "proxy_pass" not in location


def test_an_authority_of_a_laboratory_is_known_to_the_balancer_alone(copy: PlannedCopy, tmp_path: Path) -> None:
    file = tmp_path / "laboratory.crt"
    file.write_text("-----BEGIN CERTIFICATE-----\nof the laboratory\n")
    rule = 'firewall_extra_rules=[{"source": "load_balancers", "destination": "anywhere", "ports": [14000]}]'
    asked = ("acme_directory=https://10.0.0.99:14000/dir", f"acme_authority_file={file}", rule)
    run = copy.plan("--diff", *data(*USED, *asked))
    assert run.code == 0, run.output
    assert '"authority": "/etc/tracseq/acme/authority.crt"' in run.output
    assert "of the laboratory" in run.output


def test_by_records_of_a_name_server_no_challenge_is_answered_here(copy: PlannedCopy) -> None:
    secret(copy)
    run = copy.plan("--diff", *data(*USED, *UPDATES))
    assert run.code == 0, run.output
    assert "acme-challenge" not in run.output
    assert '"RFC2136_NAMESERVER": "10.0.0.53"' in run.output
    assert "LoadCredential=secret:/etc/tracseq/acme/secret" in run.output
    assert SECRET.partition("=")[2] not in run.output
