"""Load balancers that get the certificate of the public name by ACME: by data, not by the inventory."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from deploys.controller.acme import CERTIFICATE, GROUP, SECRET, UNIT, Acme, used
from deploys.settings.declaration import Declaration
from deploys.settings.rule import Rule
from deploys.settings.site import Site

OPEN = (None, 80, 443)
"""Ports to which every host may open connections, by the rules of all sites."""


def by_data(name: str, groups: Iterable[str], data: Mapping[str, Any]) -> bool:
    """Whether a host is one of the load balancers that ask for a certificate."""
    return "load_balancers" in groups and data.get("certificate_source") == "acme"


def problems(site: Site) -> Iterator[str]:
    """A certificate that would not come."""
    if not used(site):
        return
    data = site.data(Acme)
    for host in site.group("load_balancers"):
        if host.value("certificate_file"):
            yield (
                f'certificate_source (in group_data/all.py) is "acme", and certificate_file (of {host.name}, in '
                "group_data/load_balancers.py) names a certificate of your own. Take out one of the two."
            )
    if not data.acme_contact:
        yield "acme_contact (in group_data/all.py) is missing: an account needs a mail address. Give one that you read."
    if "." not in site.shared.domain:
        yield (
            f"domain (in group_data/all.py) is {site.shared.domain}: an authority that speaks ACME signs for whole "
            "names of the DNS."
        )
    try:
        port = urlsplit(data.acme_directory).port
    except ValueError:
        yield f"acme_directory (in group_data/all.py) has no port that there is: {data.acme_directory}"
        return
    if port not in OPEN and not any(port in rule.ports for rule in site.rules):
        yield (
            f"acme_directory (in group_data/all.py) is at port {port}, to which the firewall lets nobody: give "
            "load_balancers a rule in firewall_extra_rules."
        )
    if data.acme_challenge == "dns-01":
        yield from _of_updates(site, data)


def _of_updates(site: Site, data: Acme) -> Iterator[str]:
    """Updates that the name server would not take."""
    for name in ("acme_dns_server", "acme_dns_key"):
        if not getattr(data, name):
            yield f'acme_challenge (in group_data/all.py) is "dns-01", which needs {name} beside it.'
    environment = f".env.{site.shared.environment}"
    secret = site.secrets.get(SECRET)
    if secret is None:
        yield (
            f'{environment}: {SECRET} is missing: with acme_challenge = "dns-01" the name server knows the load '
            "balancers by it. It is the secret of the key acme_dns_key, in base64."
        )
        return
    try:
        base64.b64decode(secret.get_secret_value(), validate=True)
    except binascii.Error:
        yield f"{environment}: {SECRET} is no base64: give the secret as tsig-keygen prints it."


DECLARATION = Declaration(
    title="ACME",
    phase=2,
    group=GROUP,
    by_data=by_data,
    required=False,
    shared=Acme,
    packages_by_data=("lego",),
    # Whichever gets a challenge may have to ask who asked for it.
    rules=(Rule(source=GROUP, destination=GROUP, ports=(80,)),),
    optional_secrets={SECRET: 16},
    traces=(f"/etc/systemd/system/{UNIT}.timer",),
    units=(f"{UNIT}.timer",),
    certificates=(CERTIFICATE,),
    problems=problems,
)
