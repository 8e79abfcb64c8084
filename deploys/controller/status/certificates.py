"""Certificates: each of those on the hosts is valid for longer than a run would renew it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from cryptography import x509

from deploys.controller import acme, renewal, words
from deploys.controller.authority import AUTHORITY_FILE
from deploys.controller.status.section import NOTHING, Cell, Finding, Judged, Section, Survey
from deploys.engine.combined import Wanted
from deploys.facts.file_set import Contents
from deploys.settings import declarations
from deploys.settings.host import SiteHost
from deploys.settings.phases import LAST
from deploys.settings.site import Site

DAY = 86400


def wanted(site: Site, host: SiteHost, phase: int = LAST) -> Sequence[Wanted]:
    return [Wanted(Contents, {"paths": declarations.certificates(site, host, phase)})]


def judged(survey: Survey) -> Judged:
    values, findings, cells = {}, [], {}
    for name, (texts,) in survey.readings["certificates"].items():
        ends = {path: end(text) for path, text in texts.items()}
        left = {path: None if at is None else at - survey.read_at for path, at in ends.items()}
        values[name] = {path: _value(at, survey.read_at) for path, at in ends.items()}
        least = _least(survey.site, name, texts)
        findings += [_finding(name, path, one) for path, one in left.items() if one is None or one < least[path]]
        cells[name] = _cell(left, least)
    return Judged(values, findings, cells)


def end(text: str) -> float | None:
    """
    When a certificate ends, in seconds since 1970; None where the text is none.

    Args:
        text: PEM; of a chain the first counts
    """
    try:
        return x509.load_pem_x509_certificate(text.encode()).not_valid_after_utc.timestamp()
    except ValueError:
        return None


def life(text: str) -> float:
    """
    For how long a certificate is valid, in seconds.

    Args:
        text: PEM; of a chain the first counts
    """
    found = x509.load_pem_x509_certificate(text.encode())
    return (found.not_valid_after_utc - found.not_valid_before_utc).total_seconds()


def _value(at: float | None, now: float) -> dict[str, Any]:
    return {"until": at and words.iso(at), "days_left": at and int((at - now) // DAY)}


def _finding(host: str, path: str, left: float | None) -> Finding:
    if left is None:
        return Finding(host, f"{path} is no certificate, or is not there.", "A run of deploys/site.py puts it there.")
    ended = "has ended" if left < 0 else f"ends in {words.time(left)}"
    if path == AUTHORITY_FILE:
        return Finding(
            host,
            f"The site's own authority {ended} ({path}).",
            "Move authority_directory away on this machine and deploy: all hosts get new certificates.",
        )
    if path == acme.CERTIFICATE:
        return Finding(
            host, f"{path} {ended}, and was not renewed by ACME.", f"journalctl -u {acme.UNIT} on it says why not."
        )
    return Finding(
        host,
        f"{path} {ended}.",
        "A run of deploys/site.py renews it; your own (certificate_file) you must bring yourself.",
    )


def _least(site: Site, name: str, texts: Mapping[str, str]) -> Mapping[str, float]:
    """What each certificate of a host must have left: a part of its life, where it is renewed without a run."""
    renewed = {path for path, _ in renewal.pairs(site, site.host(name))} - {renewal.CERTIFICATE}
    by_host = site.data(renewal.Renewal).certificate_renewed_lifetime / renewal.PART
    least = {path: by_host if path in renewed else site.shared.certificate_renewal for path in texts}
    shown = texts.get(acme.CERTIFICATE, "")
    if end(shown) is not None:
        least[acme.CERTIFICATE] = life(shown) / acme.LATE
    return least


def _cell(left: Mapping[str, float | None], least: Mapping[str, float]) -> Cell:
    known = {path: one for path, one in left.items() if one is not None}
    if not left:
        return NOTHING
    if len(known) < len(left):
        return Cell("missing", wrong=True)
    wrong = any(one < least[path] for path, one in known.items())
    return Cell(f"{max(0, min(known.values()) // DAY):.0f} days", wrong)


def until(phase: int) -> Section:
    """The section for a site that is deployed up to a phase."""
    return Section("certificates", partial(wanted, phase=phase), judged)


SECTION = Section("certificates", wanted, judged)
