"""The pages of a monitoring host, as somebody at a browser has them."""

from __future__ import annotations

from pathlib import Path

from dotenv import dotenv_values

from deploys.controller.dashboards import DASHBOARDS
from tests import metrics
from tests.browser import Browser
from tests.inventory import group

INVENTORY = "inventories/lab_monitoring.py"
NAMES = ("alerts", *(dashboard.name for dashboard in DASHBOARDS))
PICTURES = Path(".state/tests/pages")
DESK, PHONE = 1280, 360

STATES = """
const bad = document.createElement("i");
bad.style.color = "var(--bad)";
document.body.append(bad);
const parts = getComputedStyle(bad).color.match(/\\d+/g).map(Number);
bad.remove();
const limit = (...colour) => colour.every((part, index) => Math.abs(part - parts[index]) < 30);
return Object.fromEntries([...document.querySelectorAll("section.card[data-state]")].map((card) => {
  const title = card.querySelector("h2").textContent;
  if (card.dataset.state !== "drawn") return [title, card.querySelector(".said").textContent];
  const bars = card.querySelectorAll("meter").length;
  const coloured = [...card.querySelectorAll("canvas")].some((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    for (let at = 0; at < data.length; at += 4) {
      const [red, green, blue, solid] = data.slice(at, at + 4);
      const grey = Math.max(red, green, blue) - Math.min(red, green, blue) < 50;
      if (solid > 60 && !grey && !limit(red, green, blue)) return true;
    }
    return false;
  });
  return [title, bars || coloured ? "drawn" : "nothing is to be seen"];
}));
"""
"""Of each panel whether a coloured line, but that of its limit, or a bar is to be seen; else what it says instead."""


def login() -> tuple[str, str]:
    """The user and the password of the lab's pages."""
    (watcher, *_) = group("monitoring", INVENTORY)
    return str(watcher.data["pages_user"]), dotenv_values(".env.lab", interpolate=False)["PAGES_PASSWORD"] or ""


def address(host: str) -> str:
    """Where the pages of a host are."""
    (found,) = [one for one in group("monitoring", INVENTORY) if one.name == host]
    return f"https://{found.data['address']}:{found.data['pages_port']}"


def entered(browser: Browser, host: str) -> None:
    """Log in; the browser remembers it."""
    user, password = login()
    browser.open(address(host).replace("://", f"://{user}:{password}@"))


def shown(browser: Browser, host: str, page: str, width: int, dark: bool, over: str = "1h") -> dict[str, str]:
    """Load a page and keep a picture of it; what each of its panels shows."""
    browser.shown(width, dark)
    browser.complaints()
    for last in (False, True):
        browser.open(f"{address(host)}/?page={page}&range={over}")
        try:
            # Until the browser has begun with this page the one before is there, fresh.
            here = f"new URLSearchParams(location.search).get('page') === '{page}'"
            browser.until(f"{here} && document.body.dataset.state === 'fresh'")
            break
        except AssertionError:
            # Its network may have changed while it was loading.
            if last:
                raise
    browser.screenshot(PICTURES / f"{host}-{page}-{width}.png")
    assert browser.script("return document.documentElement.scrollWidth") <= width, f"{page} is wider than the screen"
    states: dict[str, str] = browser.script(STATES)
    return states


def panels(page: str) -> list[str]:
    """The titles of the panels that a page of a site has; of a group that the site does not have there is none."""
    found = [panel for dashboard in DASHBOARDS if dashboard.name == page for panel in dashboard.panels]
    return [panel.title for panel in found if panel.group is None or group(panel.group, INVENTORY)]


def named() -> set[str]:
    """The metrics that panels name."""
    queries = [query for dashboard in DASHBOARDS for panel in dashboard.panels for query in panel.queries]
    return set().union(*(metrics.named(query.expression) for query in queries))
