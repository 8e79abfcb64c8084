"""An ACME server of somebody else's on the lab: pebble, which refuses good nonces, so that clients ask again."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from cryptography import x509

from deploys.controller.authority import Authority
from tests import lab
from tests.ledger import SERVICE
from tests.scenarios.balancers import BALANCERS, DATA, INVENTORY

DIRECTORY = "/run/pebble"
NAMES, PEBBLE = "tracseq-test-names", "tracseq-test-pebble"
ADDRESS = DATA["networks"]["outside"][0]
NAME = DATA["domain"]
FILE = Path(".cache/acme/authority.crt")
"""Who signed the certificate of the server itself, on this machine."""
DATA_OF_SITE = (
    "certificate_source=acme",
    f"acme_directory=https://{ADDRESS}/dir",
    f"acme_authority_file={FILE}",
    "acme_contact=administrator@lab.example.org",
)
SETTINGS = {
    "pebble": {
        # Where every host of the site may open connections to.
        "listenAddress": f"{ADDRESS}:443",
        "managementListenAddress": f"{ADDRESS}:15000",
        "certificate": f"{DIRECTORY}/server.crt",
        "privateKey": f"{DIRECTORY}/server.key",
        "httpPort": 80,
        "tlsPort": 443,
        "certificateValidityPeriod": 30 * 86400,
    }
}
REFUSED = 30
"""Of a hundred nonces that are right."""


ZONE = NAME.partition(".")[2]
KEY = f"acme.{ZONE}."
BIND = f"""
options {{ directory "/var/cache/bind"; recursion no; dnssec-validation no; }};
key "{KEY}" {{ algorithm hmac-sha256; secret "SECRET"; }};
zone "{ZONE}" {{
    type primary;
    file "/var/lib/bind/zone";
    update-policy {{ grant {KEY} name _acme-challenge.{NAME}. TXT; }};
}};
"""
RECORDS = f"""$TTL 60
@ IN SOA ns.{ZONE}. root.{ZONE}. 1 60 60 600 60
@ IN NS ns.{ZONE}.
ns IN A {ADDRESS}
"""


@contextmanager
def name_server(secret: str) -> Iterator[None]:
    """
    BIND with the zone of the public name, which the balancers ask and have updated.

    Args:
        secret: by which it knows them
    """
    lab.ssh(
        SERVICE,
        "apt-get --quiet=2 update; DEBIAN_FRONTEND=noninteractive apt-get --yes --quiet=2 install bind9 >/dev/null\n"
        f"cat > /etc/bind/named.conf <<'CONF'\n{BIND.replace('SECRET', secret)}CONF\n"
        f"rm -f /var/lib/bind/zone*; cat > /var/lib/bind/zone <<'ZONE'\n{RECORDS}ZONE\n"
        "chown bind: /var/lib/bind/zone; systemctl restart named",
    )
    for name in BALANCERS:
        resolved = f"cp -a /etc/resolv.conf /root/resolv.conf; echo nameserver {ADDRESS} > /etc/resolv.conf"
        lab.ssh(name, resolved, inventory=INVENTORY)
    try:
        yield
    finally:
        for name in BALANCERS:
            lab.ssh(name, "cat /root/resolv.conf > /etc/resolv.conf; rm /root/resolv.conf", inventory=INVENTORY)
        lab.ssh(SERVICE, "apt-get --yes --quiet=2 purge bind9 >/dev/null; rm -rf /var/lib/bind")


@contextmanager
def server(address: str) -> Iterator[None]:
    """
    An ACME server, and a name server that tells it where the site is.

    Args:
        address: at which the site answers
    """
    FILE.parent.mkdir(parents=True, exist_ok=True)
    authority = Authority(str(FILE.parent), 30 * 86400, 86400)
    leaf = authority.leaf(SERVICE, [SERVICE, ADDRESS])
    lab.ssh(
        SERVICE,
        "command -v pebble >/dev/null || { apt-get --quiet=2 update; "
        "DEBIAN_FRONTEND=noninteractive apt-get --yes --quiet=2 install pebble >/dev/null; }\n"
        f"systemctl stop {PEBBLE} {NAMES} 2>/dev/null; rm -rf {DIRECTORY}; mkdir -p -m 700 {DIRECTORY}\n"
        f"cat > {DIRECTORY}/server.crt <<'PEM'\n{leaf.certificate}PEM\n"
        f"cat > {DIRECTORY}/server.key <<'PEM'\n{leaf.key}PEM\n"
        f"cat > {DIRECTORY}/settings.json <<'JSON'\n{json.dumps(SETTINGS)}\nJSON\n"
        f"systemd-run --quiet --collect --unit={NAMES} pebble-challtestsrv -defaultIPv4 {address} -defaultIPv6 '' "
        "-http01 '' -https01 '' -tlsalpn01 '' -dns01 127.0.0.1:8053 -management 127.0.0.1:8055",
    )
    started()
    try:
        yield
    finally:
        lab.ssh(
            SERVICE,
            f"systemctl stop {PEBBLE} {NAMES} 2>/dev/null; rm -rf {DIRECTORY}; "
            "apt-get --yes --quiet=2 purge pebble >/dev/null",
        )


def started(names: str = "127.0.0.1:8053") -> None:
    """
    Have the server run: with a root and without accounts, each time anew.

    Args:
        names: the name server that it asks
    """
    lab.ssh(
        SERVICE,
        # Each order is proved anew.
        f"systemd-run --quiet --collect --unit={PEBBLE} --setenv=PEBBLE_WFE_NONCEREJECT={REFUSED} "
        f"--setenv=PEBBLE_AUTHZREUSE=0 pebble -config {DIRECTORY}/settings.json -dnsserver {names}",
    )
    lab.eventually(root)


def stopped() -> None:
    """Have nobody answer there."""
    lab.ssh(SERVICE, f"systemctl stop {PEBBLE}")


def root() -> str:
    """The root of what the server signs, as PEM text."""
    context = ssl.create_default_context(cafile=str(FILE))
    return httpx.get(f"https://{ADDRESS}:15000/roots/0", verify=context, timeout=5).raise_for_status().text


def shown(address: str, trusted: str) -> x509.Certificate:
    """
    The certificate that users are shown.

    Args:
        address: where they ask
        trusted: the roots that they trust, as PEM text

    Raises:
        ssl.SSLError: where they do not take it for the site's
    """
    context = ssl.create_default_context(cadata=trusted)
    with (
        socket.create_connection((address, 443), timeout=5) as raw,
        context.wrap_socket(raw, server_hostname=NAME) as one,
    ):
        return x509.load_der_x509_certificate(one.getpeercert(True) or b"")
