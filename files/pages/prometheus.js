// What is asked of this host's Prometheus, through the web server that these pages come from.

const PATIENCE = 20_000; // milliseconds
const AGAIN = 1_000; // milliseconds until what did not reach the web server is asked once more
const ATTEMPTS = 4;

// Prometheus, or what is before it, gave no answer.
export class Silent extends Error {}

// Prometheus answered that it will not.
export class Refused extends Error {}

// A network that changes meanwhile, as a phone's does, is asked once more, and so is a web server that had too many
// questions at once: it looks at twenty a second.
export async function sent(url, attempt = 1) {
  let answer = null;
  try {
    answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE) });
  } catch (error) {
    if (attempt > 1) throw new Silent(error.message);
  }
  if (answer && (answer.status !== 429 || attempt === ATTEMPTS)) return answer;
  await new Promise((resolve) => { setTimeout(resolve, AGAIN * attempt); });
  return sent(url, attempt + 1);
}

async function ask(path, parameters = {}) {
  const answer = await sent(`${location.origin}/api/v1/${path}?${new URLSearchParams(parameters)}`);
  if (answer.status === 401) throw new Silent("it asks for the password again: load this page anew");
  if (answer.status === 429) throw new Silent("too many questions at once were asked of it");
  const said = await answer.json().catch(() => null);
  if (said?.status === "error") throw new Refused(said.error);
  if (!answer.ok || said?.status !== "success") throw new Silent(`its web server answered ${answer.status}`);
  return said.data;
}

export async function alerts() {
  return (await ask("alerts")).alerts;
}

// How a query's values went: for each series its labels, and pairs of a time and a value, as texts.
export async function course(query, { start, end, step }) {
  return (await ask("query_range", { query, start, end, step })).result;
}

export async function now(query) {
  return (await ask("query", { query })).result.map(({ metric, value }) => ({ metric, values: [value] }));
}

// The points of a time range, as many as a picture is wide; rates are taken over at least four scrapes.
export function points(seconds, scrape) {
  const step = Math.max(scrape, Math.ceil(seconds / 240));
  const end = Math.floor(Date.now() / 1000 / step) * step;
  return { start: end - seconds, end, step, window: `${Math.max(60, 4 * scrape, step)}s` };
}
