"""What must hold after each phase: what status would call wrong, and that what the phase brings is of use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from deploys.controller.status import (
    backups,
    certificates,
    disks,
    etcd,
    gateways,
    logs,
    maintenance,
    patroni,
    pool,
    redis,
    report,
    sentinel,
    units,
)
from deploys.controller.status.postgres import section as postgres
from deploys.controller.status.section import Finding, Judged, Section, Survey
from deploys.engine.combined import Wanted
from deploys.facts import gateway
from deploys.facts.phase import Answers, Tokens, Unmeasured
from deploys.settings.host import SiteHost
from deploys.settings.site import Site

ANSWERED = {
    "health": "does not answer https://{domain}/health with 200",
    "token": "does not refuse a request that has no token (https://{domain}/api/deploy-check)",
}
ENVIRONMENT = "/etc/tracseq/gateway.env"


def of(phase: int) -> Sequence[Section]:
    """
    The sections that must find nothing wrong once a phase is deployed.

    Args:
        phase: its number
    """
    if phase == max(OWN):
        return (*report.SECTIONS, *(section for sections in OWN.values() for section in sections))
    own = (section for number, sections in OWN.items() if number <= phase for section in sections)
    return (maintenance.SECTION, units.until(phase), certificates.until(phase), *own)


def _answers_wanted(site: Site, host: SiteHost) -> Sequence[Wanted]:
    return [Wanted(Answers, {"domain": site.shared.domain})] if "load_balancers" in host.groups else []


def _answers_judged(survey: Survey) -> Judged:
    return Judged(findings=list(_unanswered(survey)))


def _unanswered(survey: Survey) -> Iterator[Finding]:
    for name, (answers,) in survey.readings["answers"].items():
        for question, what in ANSWERED.items():
            if not answers.get(question):
                said = what.format(domain=survey.site.shared.domain)
                yield Finding(name, f"The load balancer {said}.", "See why: journalctl -u nginx -n 50")


def _tokens_wanted(site: Site, host: SiteHost) -> Sequence[Wanted]:
    if "gateways" not in host.groups:
        return []
    url = f"http://127.0.0.1:{site.shared.gateway_port}"
    return [Wanted(Tokens, {"program": f"{gateway.DIRECTORY}/request.py", "url": url, "environment": ENVIRONMENT})]


def _tokens_judged(survey: Survey) -> Judged:
    found: Mapping[str, Mapping[str, bool]] = {name: said for name, (said,) in survey.readings["tokens"].items()}
    return Judged(
        findings=[
            Finding(
                name,
                "The gateway takes a request without a token."
                if one == "requests"
                else f"A request with a token is not answered by the service {one}.",
                "docs/operations/errors.md says what the answers mean.",
            )
            for name, said in found.items()
            for one, well in said.items()
            if not well
        ]
    )


def _measured_wanted(site: Site, host: SiteHost) -> Sequence[Wanted]:
    return [Wanted(Unmeasured, {})] if "monitoring" in host.groups else []


def _measured_judged(survey: Survey) -> Judged:
    findings = []
    for name, (targets,) in survey.readings["measured"].items():
        if targets is None:
            findings.append(Finding(name, "Prometheus does not answer.", "See why: journalctl -u prometheus -n 50"))
        elif targets:
            what = f"Prometheus has no answer of {', '.join(targets)}."
            findings.append(Finding(name, what, "Look at the host that is named: docs/operations/monitoring.md"))
    return Judged(findings=findings)


OWN: Mapping[int, Sequence[Section]] = {
    1: (disks.SECTION, postgres.SECTION, patroni.SECTION, etcd.SECTION, pool.SECTION, redis.SECTION, sentinel.SECTION),
    2: (
        gateways.SECTION,
        Section("answers", _answers_wanted, _answers_judged),
        Section("tokens", _tokens_wanted, _tokens_judged),
    ),
    3: (logs.SECTION, Section("measured", _measured_wanted, _measured_judged)),
    4: (backups.SECTION,),
}
"""By the phase that they belong to; those of the phases before it must still hold."""
