"""
The status as JSON for programs:

    {
      "site": "production",
      "read_at": "2026-01-31T03:30:00+00:00",
      "well": false,                               the same as the exit status: 0 where it is true
      "findings": [                                what is wrong first, then remarks
        {"section": "units", "host": "gw1", "wrong": true, "what": "…", "do": "…"}
      ],
      "left_out": ["lb1"],                         hosts that a limit left out
      "hosts": {
        "gw1": {"read": true, "reason": null, "units": {…}, "disks": {…}, …},
        "pg2": {"read": false, "reason": "Could not connect …"}
      }
    }

A host has a member for each section that concerns it. Sizes are in bytes, times in seconds, moments as
RFC 3339 has them; null is what is not known. `host` of a finding is empty where it concerns several.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from deploys.controller import words
from deploys.controller.status.section import Finding, Judged, Survey


def text(survey: Survey, judged: Mapping[str, Judged], findings: Mapping[str, Sequence[Finding]]) -> str:
    """
    The whole document.

    Args:
        survey: what was read
        judged: what became of it, by section
        findings: all that is wrong, and all remarks, by section
    """
    listed = [
        {"section": section, "host": one.host, "wrong": one.wrong, "what": one.what, "do": one.do}
        for section, found in findings.items()
        for one in found
    ]
    hosts: dict[str, dict[str, Any]] = {}
    for host in survey.site.hosts:
        if host.name not in survey.left_out:
            reason = survey.silent.get(host.name)
            sections = {name: one.values[host.name] for name, one in judged.items() if host.name in one.values}
            hosts[host.name] = {"read": reason is None, "reason": reason, **sections}
    document = {
        "site": survey.site.shared.environment,
        "read_at": words.iso(survey.read_at),
        "well": not any(one["wrong"] for one in listed),
        "findings": sorted(listed, key=lambda one: not one["wrong"]),
        "left_out": sorted(survey.left_out),
        "hosts": hosts,
    }
    return json.dumps(document, indent=2)
