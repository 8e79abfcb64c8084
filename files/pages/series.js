// Series as they are shown: their names, and the few of many that matter.

const MOST = 14; // more lines than that nobody tells apart

function named(legend, labels) {
  return legend.replace(/\{\{(\w+)\}\}/g, (_, label) => labels[label] ?? "(none)");
}

// Of a panel's answers: each with its name and its values by time, the worst ones where there are too many.
export function shown(panel, answers) {
  const all = answers.flatMap((result, index) => result.map(({ metric, values }) => ({
    name: named(panel.queries[index].legend, metric),
    values: new Map(values.map(([time, value]) => [Math.round(time), Number(value)])
      .filter(([, value]) => Number.isFinite(value))),
  }))).filter(({ values }) => values.size);
  const weight = ({ values }) => (panel.bad_below === null ? Math.max(...values.values()) : -Math.min(...values.values()));
  const worst = [...all].sort((one, other) => weight(other) - weight(one)).slice(0, MOST);
  const kept = all.filter((one) => worst.includes(one));
  if (!panel.now) kept.sort((one, other) => one.name.localeCompare(other.name));
  return { series: kept, left: all.length - kept.length };
}

export function last({ values }) {
  return [...values.values()].at(-1);
}

export function bad(panel, value) {
  return (panel.bad_above !== null && value > panel.bad_above) || (panel.bad_below !== null && value < panel.bad_below);
}
