"""The site's authority: certificates last, are renewed in time, and their keys are closed to others."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from cryptography import x509

from deploys.controller.authority import Authority
from deploys.controller.run import Run
from deploys.facts.machine import Machine

DAY = 86400.0
NAMES = ["api.example.org", "lb1", "10.0.0.11", "fd00::11"]


def authority(directory: Path, lifetime: float = 365 * DAY, renewal: float = 30 * DAY) -> Authority:
    return Authority(str(directory / "authority"), lifetime, renewal)


def test_a_leaf_is_for_its_names_and_issued_by_the_authority(tmp_path: Path) -> None:
    site = authority(tmp_path)
    leaf = x509.load_pem_x509_certificate(site.leaf("site", NAMES).certificate.encode())
    leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(site.certificate.encode()))
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["api.example.org", "lb1"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.11", "fd00::11"]
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= timedelta(days=366)


def test_a_leaf_is_kept_from_run_to_run(tmp_path: Path) -> None:
    first = authority(tmp_path).leaf("site", NAMES)
    assert authority(tmp_path).leaf("site", NAMES) == first


@pytest.mark.parametrize(("days_left", "renewed"), [(31, False), (29, True)])
def test_a_leaf_is_renewed_when_less_than_thirty_days_are_left(tmp_path: Path, days_left: int, renewed: bool) -> None:
    old = authority(tmp_path, lifetime=days_left * DAY).leaf("site", NAMES)
    new = authority(tmp_path).leaf("site", NAMES)
    assert (new != old) is renewed
    if renewed:
        left = x509.load_pem_x509_certificate(new.certificate.encode()).not_valid_after_utc - datetime.now(UTC)
        assert left > timedelta(days=364)


def test_a_leaf_follows_its_names_and_its_authority(tmp_path: Path) -> None:
    first = authority(tmp_path).leaf("site", NAMES)
    other = authority(tmp_path).leaf("site", [*NAMES, "lb2"])
    assert other != first
    (tmp_path / "authority" / "authority.key").unlink()
    assert authority(tmp_path).leaf("site", [*NAMES, "lb2"]) != other


def test_a_root_that_lets_a_host_sign_is_the_same_one_as_before(tmp_path: Path) -> None:
    before = authority(tmp_path)
    root, leaf = before.certificate, before.leaf("site", NAMES)
    after = Authority(str(tmp_path / "authority"), 365 * DAY, 30 * DAY, online=True)
    old, new = (x509.load_pem_x509_certificate(one.encode()) for one in (root, after.certificate))
    assert new.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 1
    x509.load_pem_x509_certificate(leaf.certificate.encode()).verify_directly_issued_by(new)
    assert old.public_key() == new.public_key()
    assert after.leaf("site", NAMES) == leaf
    assert Authority(str(tmp_path / "authority"), 365 * DAY, 30 * DAY, online=True).certificate == after.certificate


def test_the_online_authority_signs_for_the_site_alone_and_keeps_its_key(tmp_path: Path) -> None:
    root = Authority(str(tmp_path / "authority"), 365 * DAY, 30 * DAY, online=True)
    first = root.of_online_authority(NAMES, None)
    again = root.of_online_authority(NAMES, first.certificate)
    assert (again.certificate, again.key) == (first.certificate, "")
    more = root.of_online_authority([*NAMES, "gw4"], first.certificate)
    assert more.key == ""
    one, other = (x509.load_pem_x509_certificate(text.encode()) for text in (first.certificate, more.certificate))
    assert one.public_key() == other.public_key()
    assert one.serial_number != other.serial_number
    allowed = other.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or ()
    assert {str(name.value) for name in allowed} == {"api.example.org", "lb1", "gw4", "10.0.0.11/32", "fd00::11/128"}
    constraints = other.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (constraints.ca, constraints.path_length) == (True, 0)
    assert timedelta(days=4 * 365) < other.not_valid_after_utc - datetime.now(UTC) <= timedelta(days=5 * 365)
    assert not [path for path in (tmp_path / "authority").iterdir() if "online" in path.name]


def test_keys_are_closed_to_others(tmp_path: Path) -> None:
    authority(tmp_path).leaf("site", NAMES)
    directory = tmp_path / "authority"
    assert directory.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in directory.iterdir()} == {0o600}


def test_what_was_revoked_is_known_by_the_next_run_and_made_anew(tmp_path: Path) -> None:
    site = authority(tmp_path)
    assert site.revoked == {}
    stolen = site.leaf("gw2", ["gw2"])
    at = int(datetime.now(UTC).timestamp()) + 1
    site.revoke("gw2", at)
    site.revoke("gw1", at - 10)
    again = authority(tmp_path)
    assert again.revoked == {"gw1": at - 10, "gw2": at}
    assert again.leaf("gw2", ["gw2"], revoked=again.revoked["gw2"]) != stolen
    assert (tmp_path / "authority" / "revoked").stat().st_mode & 0o777 == 0o600


def test_a_run_knows_what_was_revoked_from_this_machine_and_from_the_host_that_renews(tmp_path: Path) -> None:
    site, nothing = authority(tmp_path), cast(Any, None)
    site.revoke("gw1", 20)
    site.revoke("gw2", 20)
    machines = {"backup1": replace(Machine().process([]), revoked={"gw2": 30.0, "gw1": 10.0, "pg1": 5.0})}
    run = Run(nothing, nothing, machines, nothing, site, nothing, None)
    assert run.revoked == {"gw1": 20, "gw2": 30, "pg1": 5}
