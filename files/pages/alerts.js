// The alerts: in a sentence on every page, and in full on a page of their own.

function line(className, text) {
  const paragraph = document.createElement("p");
  paragraph.className = className;
  paragraph.textContent = text;
  return paragraph;
}

// Those that mean something: one alert always fires, so that others hear that Prometheus lives.
export function meant(alerts) {
  return alerts.filter(({ labels }) => labels.severity !== "none");
}

export function firing(alerts) {
  return meant(alerts).filter(({ state }) => state === "firing");
}

function card({ annotations, labels, activeAt, state }) {
  const section = document.createElement("section");
  section.className = `card alert ${state}`;
  section.append(
    line("summary", annotations.summary ?? labels.alertname),
    line("", `Do: ${annotations.do ?? "look at it."}`),
    line("note", `Read ${annotations.page}. ${labels.alertname}, since ${new Date(activeAt).toLocaleString()}.`),
  );
  return section;
}

function heading(text) {
  const made = document.createElement("h2");
  made.textContent = text;
  return made;
}

export function show(place, alerts) {
  const now = firing(alerts);
  const soon = meant(alerts).filter(({ state }) => state === "pending");
  const parts = now.map(card);
  if (!now.length && !soon.length) parts.push(line("", "No alert fires, and none is about to."));
  if (soon.length) parts.push(heading("Not yet told, because it may pass"), ...soon.map(card));
  place.replaceChildren(...parts);
  place.dataset.state = "drawn";
}

export function sentence(place, alerts) {
  const { length } = firing(alerts);
  place.dataset.state = length ? "firing" : "well";
  if (!length) {
    place.textContent = "All is well: no alert fires.";
    return;
  }
  const link = document.createElement("a");
  link.href = "?page=alerts";
  link.textContent = length === 1 ? "One alert fires." : `${length} alerts fire.`;
  place.replaceChildren(link);
}
