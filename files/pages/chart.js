// The course of some series, drawn by Debian's dygraphs, with their names and values below.

import { bad, last } from "./series.js";
import { marks } from "./ticks.js";
import { written } from "./units.js";

const COLOURS = ["#3f83f8", "#e08a1e", "#22a565", "#9b6bff", "#14a8b5", "#d9549b", "#8f9a1b", "#a9714b"];
const drawn = new WeakMap();

// It sets styles as attributes, which the policy of these pages refuses; theirs is below each picture.
Dygraph.PLUGINS = Dygraph.PLUGINS.filter((plugin) => plugin !== Dygraph.Plugins.Legend);

function colour(index) {
  return COLOURS[index % COLOURS.length];
}

// Rows of a time and each series' value then; null where it had none.
function rows(series) {
  const times = [...new Set(series.flatMap(({ values }) => [...values.keys()]))].sort((one, other) => one - other);
  return times.map((time) => [new Date(time * 1000), ...series.map(({ values }) => values.get(time) ?? null)]);
}

function element(kind, text, className) {
  const made = document.createElement(kind);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function legend(list, panel, series, valueOf) {
  list.replaceChildren(...series.map((one, index) => {
    const item = document.createElement("li");
    const mark = element("i", "");
    mark.style.color = colour(index);
    const value = valueOf(one);
    item.append(mark, element("span", one.name), element("b", written(value, panel.unit), bad(panel, value) ? "bad-value" : ""));
    return item;
  }));
}

// A line where values begin to be bad.
function limit(panel) {
  return (context, area, graph) => {
    const value = panel.bad_above ?? panel.bad_below;
    if (value === null) return;
    const y = graph.toDomYCoord(value);
    if (!(y > area.y && y < area.y + area.h)) return;
    context.save();
    context.strokeStyle = getComputedStyle(document.body).getPropertyValue("--bad");
    context.setLineDash([5, 4]);
    context.beginPath();
    context.moveTo(area.x, y);
    context.lineTo(area.x + area.w, y);
    context.stroke();
    context.restore();
  };
}

// Of values that are all nothing, the picture shows that the line lies at the bottom.
function highest(panel, series) {
  const most = Math.max(...series.map(({ values }) => Math.max(...values.values())));
  if (panel.unit === "yes or no") return 1.15;
  return most > 0 ? most * 1.1 : 1;
}

export function draw(place, list, panel, series, range) {
  const yes = panel.unit === "yes or no";
  const most = highest(panel, series);
  const options = {
    file: rows(series),
    labels: ["time", ...series.map(({ name }, index) => `${index} ${name}`)],
    colors: series.map((_, index) => colour(index)),
    dateWindow: [range.start * 1000, range.end * 1000],
    // Nothing is a line as well, which is to be seen.
    valueRange: [-most * 0.04, most],
    strokeWidth: 1.6,
    stepPlot: yes,
    gridLineColor: getComputedStyle(document.body).getPropertyValue("--line"),
    axisLineColor: getComputedStyle(document.body).getPropertyValue("--line"),
    // A finger that passes over a picture scrolls the page.
    interactionModel: {},
    underlayCallback: limit(panel),
    axes: {
      x: { axisLabelWidth: 60, pixelsPerLabel: 70 },
      y: {
        axisLabelWidth: 64,
        ticker: () => marks(most, panel.unit).map((value) => ({ v: value, label: written(value, panel.unit) })),
      },
    },
    highlightCallback: (_, time) => legend(list, panel, series, ({ values }) => values.get(time / 1000) ?? NaN),
    unhighlightCallback: () => legend(list, panel, series, last),
  };
  const before = drawn.get(place);
  if (before) before.updateOptions(options);
  else {
    const { file, ...others } = options;
    drawn.set(place, new Dygraph(place, file, others));
  }
  legend(list, panel, series, last);
}

export function cleared(place) {
  drawn.get(place)?.destroy();
  drawn.delete(place);
}
