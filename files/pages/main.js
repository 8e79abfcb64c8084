// The pages: which one is shown, over what time, and that it stays fresh.

import * as told from "./alerts.js";
import { PanelView } from "./panel.js";
import { alerts, points, sent } from "./prometheus.js";

const RANGES = { "1h": [3600, "1 hour"], "6h": [6 * 3600, "6 hours"], "24h": [86400, "24 hours"], "7d": [7 * 86400, "7 days"] };
const FRESH = 30_000; // milliseconds

const place = (name) => document.getElementById(name);
const chosen = new URLSearchParams(location.search);
const page = chosen.get("page") ?? "alerts";
const range = chosen.get("range") in RANGES ? chosen.get("range") : "6h";

function link(to, text, current) {
  const made = document.createElement("a");
  made.href = `?${new URLSearchParams(to)}`;
  made.textContent = text;
  if (current) made.setAttribute("aria-current", "page");
  return made;
}

function begin(site, dashboard) {
  const names = [{ name: "alerts", title: "Alerts" }, ...site.dashboards];
  document.title = `${dashboard?.title ?? "Alerts"}: ${site.name}`;
  place("site").textContent = `${site.name}, as ${site.host} sees it`;
  place("pages").replaceChildren(...names.map(({ name, title }) => link({ page: name, range }, title, name === page)));
  place("title").textContent = dashboard?.title ?? "Alerts";
  place("about").textContent = dashboard?.about ?? "What is wrong, and what to do about it.";
  if (!dashboard) return [];
  place("ranges").replaceChildren(...Object.entries(RANGES).map(([name, [, text]]) => link({ page, range: name }, text, name === range)));
  const views = dashboard.panels.map((panel) => new PanelView(panel));
  place("content").className = "grid";
  place("content").replaceChildren(...views.map(({ card }) => card));
  return views;
}

async function refreshed(site, views) {
  const span = points(RANGES[range][0], site.scrape);
  const wellbeing = alerts().then((found) => {
    told.sentence(place("wellbeing"), found);
    if (!views.length) told.show(place("content"), found);
  }).catch((error) => {
    place("wellbeing").dataset.state = "silent";
    place("wellbeing").textContent = `Nobody knows how the site is: Prometheus of ${site.host} does not answer (${error.message}). `
      + `On ${site.host}: systemctl status prometheus. make status asks every host itself.`;
    if (!views.length) place("content").replaceChildren();
  });
  await Promise.all([wellbeing, ...views.map((view) => view.refresh(span))]);
  document.body.dataset.state = "fresh";
}

const site = await (await sent(`${location.origin}/site.json`)).json();
const views = begin(site, site.dashboards.find(({ name }) => name === page));

// One after the other: a Prometheus that is slow is not asked again before it has answered.
for (;;) {
  if (!document.hidden) await refreshed(site, views);
  await new Promise((resolve) => { setTimeout(resolve, FRESH); });
}
