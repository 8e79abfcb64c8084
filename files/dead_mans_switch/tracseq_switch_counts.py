"""What Alertmanager counts, and what the dead man's switch makes of it from one look to the next."""

import re

FAILS_FOR = 180
"""Seconds after which what Alertmanager cannot send is told of: it tries again each minute, or every five."""
COUNT = re.compile(r"^alertmanager_alerts_received_total\{.*\} (\S+)$", re.MULTILINE)
ATTEMPTS = re.compile(
    r'^alertmanager_notification_requests_(failed_)?total\{(?:.*,)?integration="([^"]+)".*\} (\S+)$', re.MULTILINE
)
"""Each attempt to send something: that of a notification ends only after five minutes of them."""


def count(text):
    """How many alerts it was told, since it started."""
    return sum(float(one) for one in COUNT.findall(text))


def attempts(text):
    """By each of its ways (email, webhook, …), how many attempts went well and how many failed, since it started."""
    found = {}
    for failed, way, number in ATTEMPTS.findall(text):
        well = found.setdefault(way, [0.0, 0.0])
        well[0] += -float(number) if failed else float(number)
        well[1] += float(number) if failed else 0
    return found


def judged(before, now, found, after):
    """
    What is known of a host from now on, and whether it is silent for too long.

    Args:
        before: what was known; empty the first time
        now: the time
        found: its count; None where it did not answer
        after: how long it may be silent, in seconds
    """
    heard = min(before.get("heard", now), now)  # a clock that was put back must not hide a silence
    if now - before.get("looked", now) > after:
        heard = now  # this host was away itself, and knows nothing of the time between
    if found is not None and found != before.get("count"):
        heard = now
    count = before.get("count") if found is None else found
    return {**before, "heard": heard, "looked": now, "count": count}, now - heard > after


def delivery(before, now, well, failed):
    """
    What is known of one way from now on: ``since`` when all that it tried failed, until ``last``.

    Args:
        before: what was known; empty the first time
        now: the time
        well: how many attempts went well
        failed: how many failed
    """
    known = {**before, "well": well, "failed": failed}
    anew = failed < before.get("failed", failed) or well < before.get("well", well)
    if well > (0 if anew else before.get("well", well)):
        known["since"] = known["last"] = None
    elif failed > (0 if anew else before.get("failed", failed)):
        known["since"] = min(before.get("since") or now, now)  # as a silence, it is not hidden by a clock
        known["last"] = now
    return known


def fails(known):
    """Whether a way has failed again and again."""
    return known.get("since") is not None and known["last"] - known["since"] >= FAILS_FOR
