"""The load balancer: nginx with TLS in front of every gateway."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cryptography import x509
from pyinfra.api import deploy
from pyinfra.api.exceptions import PyinfraError

from deploys.controller import acme, answers, credentials, files, renewal, virtual_address
from deploys.controller.authority import AUTHORITY_FILE
from deploys.controller.certificates import Certificate
from deploys.controller.owner_last import owner_last
from deploys.controller.releases import encryption, slots
from deploys.controller.run import Run
from deploys.controller.templates import render
from deploys.controller.upstreams import changing, memory, out, upstreams
from deploys.engine.barrier import barrier
from deploys.facts.balancer import GREEN, SWITCHED, marks
from deploys.operations import nginx, service, switch, system
from deploys.operations.file_set import File
from deploys.operations.rolling import Rolling
from deploys.operations.service import Unit
from deploys.roles.load_balancer.declaration import (
    CERTIFICATE,
    DECLARATION,
    KEY,
    SHOWN,
    SHOWN_FILES,
    LoadBalancers,
)
from deploys.settings import credential
from deploys.settings.debian import RELEASES
from deploys.settings.host import SiteHost
from deploys.settings.site import Site
from deploys.settings.units import written


def apply(run: Run) -> None:
    """Have every load balancer answer; of those that share an address, the one that has it changes last."""
    owner_last(run, DECLARATION.title, lambda one: balance(run=one))
    if run.site.shared.gateway_green_port is not None:
        send(run=run)
    if run.host.data(LoadBalancers).kept_routes:
        forget(run=run)


@deploy("Load balancer")
def balance(run: Run) -> None:
    """Have nginx answer for the platform, and share its requests among the gateways."""
    site, host = run.site, run.host
    encryption.refuse_without_gateways(site, run.machines, host.name, run.encryption)
    data, gateways, green_port = host.data(LoadBalancers), site.group("gateways"), site.shared.gateway_green_port
    certificate, by_acme = _of_administrator(host), acme.used(site)
    encrypted = site.shared.gateway_tls_port is not None
    if by_acme:
        system.configured(
            name="Which certificate is shown",
            key="shown-certificate",
            files=[File(acme.PROGRAM, files.read("load_balancer/tracseq_shown.py"))],
            # What is refused stays away from nginx, and from no deploy.
            apply=f"python3 {acme.shown(site)} || [ -d {acme.SHOWN} ]",
        )
    blue, *second = (
        upstreams(gateways, slot.asked_port, data.canary_share, f"_{GREEN}" if slot.name == GREEN else "")
        for slot in slots.known(site.shared)
    )
    green = second[0] if second else ()
    service.configured(
        name="nginx",
        unit=Unit("nginx.service", reload=nginx.reload()),
        files=[
            File(
                "/etc/nginx/nginx.conf",
                render(
                    "load_balancer/nginx.conf.j2",
                    open_files=host.own.open_files,
                    request_rate=data.request_rate,
                ),
            ),
            File(
                "/etc/nginx/conf.d/tracseq.conf",
                render(
                    "load_balancer/tracseq.conf.j2",
                    upstreams=blue,
                    green=green,
                    memory=memory(blue + green),
                    changing=changing(gateways),
                    out=out(gateways),
                    gateways="$gateways" + ("$out" if len(gateways) > 1 else "") + ("$colour" if green_port else ""),
                    scheme="https" if encrypted else "http",
                    shown_to_gateways=encryption.BALANCER,
                    shown_renewed=bool(renewal.authority(site)),
                    authority=AUTHORITY_FILE,
                    name_of_gateways=encryption.NAME,
                    switched=SWITCHED,
                    domain=site.shared.domain,
                    asked=virtual_address.PATH if virtual_address.addresses(site) else "",
                    shown=acme.SHOWN if by_acme else "",
                    challenges=_challenges(site, host) if acme.by_http(site) else None,
                    http2_directive=RELEASES[run.machine.values["version"]].nginx_has_http2_directive,
                    # nginx asks the responder by its name, and knows no name server of its own.
                    stapling=bool(data.dns_resolvers) and certificate is not None and _names_a_responder(certificate),
                    renewed=bool(renewal.authority(site)) and not certificate,
                    dns_resolvers=data.dns_resolvers,
                    max_fails=data.upstream_max_fails,
                    fail_timeout=round(data.upstream_fail_timeout),
                    keepalive=data.upstream_keepalive,
                    request_burst=data.request_burst,
                    largest_body=written(site.shared.largest_body)
                    .replace("MB", "m")
                    .replace("GB", "g")
                    .replace("kB", "k"),
                    connect_timeout=round(data.connect_timeout),
                    send_timeout=round(data.send_timeout),
                    read_timeout=round(data.read_timeout),
                    strict_transport_security=round(data.strict_transport_security),
                    kept_routes=data.kept_routes,
                    kept_size=data.kept_size,
                    kept=answers.DIRECTORY,
                    odd=answers.ODD,
                ),
            ),
            *(_own(certificate, by_acme) if certificate else credentials.files(run, CERTIFICATE)),
            *(credentials.files(run, SHOWN[0]) if encrypted else ()),
            File(
                "/etc/systemd/system/nginx.service.d/tracseq.conf",
                f"[Service]\nLimitNOFILE={host.own.open_files}\nRestart=always\nRestartSec=2\n",
                restart=True,
            ),
        ],
        # What a run that died has left.
        absent=[
            *(mark for gateway in gateways for mark in marks(gateway.name)),
            *([] if green_port else [SWITCHED]),
            # What the host renewed until it got the administrator's own.
            *([credential.place(CERTIFICATE)] if certificate else []),
            # Workers that a reload has ended may still ask with it (finish.py).
            *([] if encrypted or run.encryption.otherwise else SHOWN_FILES),
            # Without it all that is kept counts as old, once routes are named again.
            *([] if data.kept_routes else [answers.NOTE]),
        ],
        purged=["/etc/nginx/conf.d", "/etc/nginx/sites-enabled"],
        validate="nginx -t -q",
        rolling=Rolling("load_balancers"),
    )


@deploy("Load balancer")
def send(run: Run) -> None:
    """Have all load balancers send requests to the same gateways, from the same moment on."""
    barrier(name="Load balancers know of both gateways of each host")
    slot = run.slots.target.name
    switch.sends(name=f"Requests go to the {slot} gateways", slot=slot, health="https://127.0.0.1/health")


@deploy("Load balancer")
def forget(run: Run) -> None:
    """Have no answers kept of earlier releases; where the run leaves gateways out, the next one of all does that."""
    gateways = run.site.group("gateways")
    if all(peer.name in run.machines for peer in gateways):
        answers.of_releases(run.site, {peer.name: run.bundle(peer.name).release for peer in gateways})


def _own(certificate: Certificate, by_acme: bool) -> list[File]:
    """The administrator's certificate and its key; where others may take their place, workers read them."""
    group, mode = ("www-data", "640") if by_acme else ("root", "600")
    return [
        File(CERTIFICATE, certificate.certificate),
        File(KEY, certificate.key, group=group, mode=mode, secret=True),
    ]


def _challenges(site: Site, host: SiteHost) -> Mapping[str, object]:
    """What nginx answers an authority that wants the public name to be proved, and whom it asks."""
    return {
        "path": acme.CHALLENGES,
        "own": acme.OF_THIS_ONE,
        "web": acme.WEB,
        "peers": [peer for peer in site.group(acme.GROUP) if peer != host],
    }


def _of_administrator(host: SiteHost) -> Certificate | None:
    """A certificate of the administrator's own; None where the site's authority signs it."""
    data = host.data(LoadBalancers)
    if not data.certificate_file or not data.certificate_key_file:
        return None
    try:
        return Certificate(Path(data.certificate_file).read_text(), Path(data.certificate_key_file).read_text())
    except OSError as error:
        raise PyinfraError(
            f"{host.name}: certificate_file and certificate_key_file (in group_data/load_balancers.py) "
            f"name a file of this machine that cannot be read: {error}. No host was touched."
        ) from error


def _names_a_responder(certificate: Certificate) -> bool:
    """Whether a certificate names an OCSP responder: without one, stapling only makes warnings."""
    leaf = x509.load_pem_x509_certificate(certificate.certificate.encode())
    try:
        access = leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return False
    return any(entry.access_method == x509.oid.AuthorityInformationAccessOID.OCSP for entry in access)
