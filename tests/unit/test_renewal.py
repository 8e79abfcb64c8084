"""A host renews what it holds, and gets nothing else: both programs as they run on hosts, on the loopback."""

from __future__ import annotations

import getpass
import grp
import json
import os
import shlex
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from deploys.controller import authority
from deploys.controller.authority import Authority
from deploys.facts import machine
from deploys.settings.credential import Credential
from tests.lab import eventually

AUTHORITY = "files/certificate_authority/tracseq_certificate_authority.py"
HOST = "files/renewal/tracseq_renewal.py"
LIFETIME = 30 * 86400.0
NAMES = ("pg1", "10.0.0.31", "fd00::31")
SITE = [*NAMES, "pg2", "tracseq.example.org"]
BEHIND = """
import datetime, runpy, sys, time

class Behind(datetime.datetime):
    @classmethod
    def now(cls, zone=None):
        return cls.fromtimestamp(time.time() - {seconds}, zone)

datetime.datetime = Behind
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""Python: a program on a host whose clock is behind."""


class Site:
    """A controller with the root, a host with the online authority, and one with a certificate, in a directory each."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.root = Authority(str(directory / "controller"), LIFETIME, LIFETIME / 3, online=True)
        self.online, self.host = directory / "online", directory / "host"
        for place in (self.online, self.host, directory / "state", directory / "state-of-host"):
            place.mkdir()
        self.settings(lifetime=LIFETIME)
        self.replace()
        self.revoked = directory / "revoked"
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None

    def replace(self) -> None:
        """Have another host be the online authority: its key is another one."""
        own = self.root.of_online_authority(SITE, None)
        (self.online / "root.crt").write_text(self.root.certificate)
        (self.online / "authority.crt").write_text(own.certificate)
        (self.online / "authority.key").write_text(own.key)

    def settings(self, lifetime: float) -> None:
        values = {"lifetime": lifetime, "part": 3, "hosts": ["pg1", "pg2"]}
        (self.online / "settings.json").write_text(json.dumps(values))

    def start(self, behind: float = 0) -> None:
        """
        Have the online authority run, as systemd starts it.

        Args:
            behind: by how many seconds its clock is
        """
        program = ["-c", BEHIND.format(seconds=behind)] if behind else []
        line = shlex.join([sys.executable, *program, AUTHORITY, str(self.online), str(self.revoked)])
        number = self.listening.fileno()
        self.process = subprocess.Popen(
            ["bash", "-c", f"exec 3<&{number} && exec {line}"],
            pass_fds=(number,),
            env=os.environ | {"STATE_DIRECTORY": str(self.directory / "state")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def stop(self) -> str:
        """Have it run no more; what it said."""
        assert self.process
        self.process.terminate()
        return self.process.communicate()[0].decode()

    def gives(self, name: str = "server", names: tuple[str, ...] = NAMES, lifetime: float | None = None) -> None:
        """The controller gives the host a certificate, old enough to be renewed."""
        controller = Authority(str(self.directory / "controller"), lifetime or LIFETIME * 3, 1, online=True)
        made = controller.leaf(name, names)
        (self.host / "server.crt").write_text(made.certificate)
        (self.host / "server.key").write_text(made.key)

    def renews(self, lifetime: float = 1.0, take_up: str = "true") -> subprocess.CompletedProcess[str]:
        """
        The host's timer.

        Args:
            lifetime: how long the host thinks that certificates last: what is older than a third of it is due
            take_up: what it takes for a new one to be taken up, beside that the test counts it
        """
        user = getpass.getuser()
        entry = {
            "certificate": f"{self.host}/server.crt", "key": f"{self.host}/server.key",
            "owner": user, "group": grp.getgrgid(os.getgid()).gr_name, "mode": "640",
            "take_up": f"{take_up} && echo >> {self.host}/taken-up",
        }  # fmt: skip
        values = {
            "authority": f"http://127.0.0.1:{self.port}/", "root": f"{self.directory}/controller/authority.crt",
            "lifetime": lifetime, "part": 3, "certificates": [entry],
        }  # fmt: skip
        (self.host / "settings.json").write_text(json.dumps(values))
        time.sleep(lifetime / 3 if lifetime < 10 else 0)
        return subprocess.run(
            [sys.executable, HOST, str(self.host / "settings.json")],
            env=os.environ | {"STATE_DIRECTORY": str(self.directory / "state-of-host")},
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    @property
    def pair(self) -> tuple[str, str]:
        return (self.host / "server.crt").read_text(), (self.host / "server.key").read_text()

    @property
    def certificate(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.pair[0].encode())

    @property
    def taken_up(self) -> int:
        path = self.host / "taken-up"
        return len(path.read_text()) if path.exists() else 0

    def asks(self, message: bytes) -> tuple[int, str]:
        """What the authority answers to a message."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", data=message, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def message(self, request: list[str] | None = None) -> bytes:
        """A request for another certificate of what the host holds, signed with its key."""
        key, csr, cms = (str(self.directory / name) for name in ("new.key", "new.csr", "new.cms"))
        line = ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key]
        subprocess.run(line, check=True)
        line = ["openssl", "req", "-new", "-key", key, "-outform", "DER", "-out", csr, *(request or ["-subj", "/"])]
        subprocess.run(line, check=True)
        line = ["openssl", "cms", "-sign", "-binary", "-nodetach", "-in", csr, "-outform", "DER", "-out", cms,
                "-signer", str(self.host / "server.crt"), "-inkey", str(self.host / "server.key")]  # fmt: skip
        subprocess.run(line, check=True)
        return Path(cms).read_bytes()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    found = Site(tmp_path)
    found.gives()
    found.start()
    yield found
    assert found.process
    found.process.kill()
    found.process.wait()


CREDENTIAL = Credential(certificate="", key="", kept_as="pg1", names=NAMES, usages=("server",))


def test_it_is_renewed_again_and_again_and_a_run_believes_it(site: Site) -> None:
    before = site.pair
    assert site.renews().returncode == 0
    first = site.pair
    assert first[0] != before[0]
    assert first[1] != before[1]
    assert site.root.vouches_for(first[0], CREDENTIAL)
    assert (site.host / "server.key").stat().st_mode & 0o777 == 0o640
    for _ in range(2):
        assert site.renews(lifetime=0.3).returncode == 0
    assert site.pair != first
    assert site.taken_up == 3
    assert len(list((site.host / ".server").iterdir())) == 2, "the pair in force, and the link to it"
    assert site.renews(lifetime=LIFETIME).returncode == 0
    assert site.taken_up == 3, "nothing was due"
    said = site.stop()
    assert said.count("Renewed for 127.0.0.1: pg1 (pg1, 10.0.0.31, fd00::31), serial ") == 3


def test_nothing_counts_of_a_request_but_the_key(site: Site) -> None:
    wanted = ["-subj", "/CN=pg2", "-addext", "subjectAltName=DNS:pg2", "-addext", "basicConstraints=critical,CA:TRUE"]
    code, text = site.asks(site.message(wanted))
    assert code == 200
    leaf = x509.load_pem_x509_certificate(text.encode())
    assert leaf.subject.rfc4514_string() == "CN=pg1"
    assert site.root.vouches_for(text, CREDENTIAL)
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_a_message_that_is_sent_again_gives_nothing(site: Site) -> None:
    message = site.message()
    assert site.asks(message)[0] == 200
    assert site.asks(message) == (403, "pg1: its new key has a certificate already.\n")


def test_whoever_has_no_certificate_of_the_site_that_is_valid_gets_none(site: Site, tmp_path: Path) -> None:
    assert site.asks(b"no message")[0] == 403
    assert site.asks(b"x" * 70000)[0] == 403
    site.gives("short", lifetime=1)
    time.sleep(1.1)
    code, text = site.asks(site.message())
    assert (code, "expired" in text) == (403, True)
    stranger = Authority(str(tmp_path / "stranger"), LIFETIME, 1).leaf("pg1", NAMES)
    (site.host / "server.crt").write_text(stranger.certificate)
    (site.host / "server.key").write_text(stranger.key)
    assert site.asks(site.message())[0] == 403
    done = site.renews()
    assert done.returncode == 1
    assert "is signed by no certificate of this site" in done.stderr
    assert site.pair == (stranger.certificate, stranger.key)


def test_the_authority_itself_gets_none_and_signs_for_no_other_names(site: Site) -> None:
    for end in ("crt", "key"):
        (site.host / f"server.{end}").write_text((site.online / f"authority.{end}").read_text())
    code, text = site.asks(site.message())
    assert (code, "the certificate of an authority is not renewed here" in text) == (403, True)
    site.gives("elsewhere", names=("example.com",))
    done = site.renews()
    assert done.returncode == 1
    assert "permitted subtree violation" in done.stderr


def test_a_host_that_was_revoked_gets_none_until_a_run_has_given_it_another(site: Site) -> None:
    site.revoked.write_text(f"gw9\t{time.time()}\npg1\t{time.time()}\n")
    before = site.pair
    done = site.renews()
    assert done.returncode == 1
    assert "the authority refuses it: pg1: certificates of pg1 were revoked." in done.stderr
    assert site.pair == before
    assert not site.root.vouches_for(before[0], CREDENTIAL, revoked=time.time())
    time.sleep(1)
    site.revoked.write_text(f"pg1\t{time.time() - 1}\n")
    site.gives("another")
    assert site.renews().returncode == 0


@pytest.mark.parametrize(
    "names", [("rag.services.pg1",), ("tracseq.example.org", "pg2", "pg1", "10.0.0.31")], ids=["service", "shared"]
)
def test_what_has_the_name_of_a_revoked_host_in_it_is_that_hosts_too(site: Site, names: tuple[str, ...]) -> None:
    site.gives("other", names=names)
    assert site.renews().returncode == 0
    held = site.pair[0]
    credential = replace(CREDENTIAL, names=names)
    assert site.root.vouches_for(held, credential, credential.revoked({"pg": time.time(), "g1": time.time()}))
    assert not site.root.vouches_for(held, credential, credential.revoked({"pg1": time.time()}))
    site.revoked.write_text(f"pg\t{time.time()}\ng1\t{time.time()}\n")
    assert site.renews().returncode == 0
    site.revoked.write_text(f"pg1\t{time.time()}\n")
    done = site.renews()
    assert done.returncode == 1
    assert f"{names[0]}: certificates of pg1 were revoked." in done.stderr


def test_what_a_try_that_failed_left_is_gone_after_the_next(site: Site) -> None:
    assert site.renews().returncode == 0
    (site.host / ".server" / "tmpabc").mkdir()
    site.stop()
    site.start()
    assert site.renews().returncode == 0
    assert len(list((site.host / ".server").iterdir())) == 2


def test_nobody_can_ask_without_end(site: Site) -> None:
    site.stop()
    site.settings(lifetime=LIFETIME)
    site.start()
    codes = [site.asks(site.message())[0] for _ in range(62)]
    assert codes == [200] * 60 + [403] * 2


def test_without_an_authority_the_old_one_stays_and_metrics_say_so(site: Site) -> None:
    site.stop()
    site.listening.close()
    before = site.pair
    done = site.renews()
    assert done.returncode == 1
    assert "cannot be reached" in done.stderr
    assert site.pair == before
    text = (site.directory / "state-of-host" / "state" / "renewal.prom").read_text()
    assert f'tracseq_renewal_failed{{path="{site.host}/server.crt"}} 1' in text
    late = float(text.split("late_timestamp_seconds{")[1].split("} ")[1].split()[0])
    assert late < time.time() + 3 * LIFETIME


def test_what_was_not_taken_up_is_taken_up_the_next_time(site: Site) -> None:
    assert site.renews().returncode == 0
    (site.host / ".server" / "waiting").touch()
    assert site.renews(lifetime=LIFETIME).returncode == 0
    assert site.taken_up == 2


def test_what_does_not_take_it_up_is_said_and_asked_again_for_no_other_certificate(site: Site) -> None:
    done = site.renews(take_up="false")
    assert done.returncode == 1
    assert "server.crt is not renewed and in use: /bin/sh -c failed" in done.stderr
    placed = site.pair
    assert site.renews(lifetime=LIFETIME).returncode == 0
    assert (site.pair, site.taken_up) == (placed, 1)


def test_a_site_whose_authority_is_another_host_goes_on(site: Site) -> None:
    assert site.renews().returncode == 0
    site.stop()
    site.replace()
    site.start()
    before = site.pair
    done = site.renews()
    assert done.returncode == 0, done.stderr
    assert site.pair != before
    assert site.root.vouches_for(site.pair[0], CREDENTIAL)


def test_an_authority_whose_clock_is_behind_does_not_have_hosts_renew_every_hour(site: Site) -> None:
    site.stop()
    site.start(behind=15 * 86400)
    site.gives(lifetime=100 * 86400)
    before = site.pair
    done = site.renews()
    assert done.returncode == 1
    assert "what the authority gives is to be renewed already: its clock is behind, or this host's ahead" in done.stderr
    assert (site.pair, site.taken_up) == (before, 0)


def test_an_authority_near_its_own_end_is_not_asked_more_and_more_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authority, "LIFETIME_OF_ONLINE_AUTHORITY", timedelta(days=20))
    ending = Site(tmp_path)
    ending.gives(lifetime=10 * 86400.0)
    ending.start()
    assert ending.renews().returncode == 0
    last = ending.pair
    done = ending.renews()
    assert ending.stop()
    assert done.returncode == 1
    assert "pg1: it lasts as long as the authority itself, until" in done.stderr
    assert (ending.pair, ending.taken_up) == (last, 1)


def test_a_key_of_another_certificate_is_not_used(site: Site) -> None:
    (site.host / "server.key").write_text(site.root.leaf("pg2", ["pg2"]).key)
    done = site.renews()
    assert done.returncode == 1
    assert "the key does not belong to the certificate" in done.stderr
    eventually(lambda: "failed" in (site.directory / "state-of-host" / "state" / "renewal.prom").read_text())


def test_a_run_reads_what_a_host_holds_and_whose_the_key_is(site: Site) -> None:
    assert site.renews().returncode == 0
    (site.host / "other.crt").write_text(site.root.leaf("pg2", ["pg2"]).certificate)
    paths = [(f"{site.host}/{name}.crt", f"{site.host}/server.key") for name in ("server", "other", "missing")]
    done = subprocess.run(["sh", "-c", machine.held(paths)], capture_output=True, text=True, check=False)
    found = machine.Machine().process(done.stdout.splitlines()).held
    group = grp.getgrgid(os.getgid()).gr_name
    assert found == {paths[0][0]: machine.Held(site.pair[0], f"{getpass.getuser()} {group} 640")}
