// Values as people read them, by the units that panels have.

const TIMES = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"], [1e-3, "ms"], [1e-6, "µs"]];
const THOUSANDS = [[1e9, "G"], [1e6, "M"], [1e3, "k"]];
const BYTES = [[2 ** 40, "TiB"], [2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"]];

// Three digits that say something, and no more.
function short(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  const decimals = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : Math.min(6, 2 - Math.floor(Math.log10(size)));
  const text = value.toFixed(decimals);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function scaled(value, scales, otherwise) {
  const [factor, name] = scales.find(([factor]) => Math.abs(value) >= factor) ?? [1, otherwise];
  return `${short(value / factor)}${name && ` ${name}`}`;
}

const UNITS = {
  "count": (value) => scaled(value, THOUSANDS, ""),
  "per second": (value) => `${scaled(value, THOUSANDS, "")}/s`,
  "per minute": (value) => `${scaled(value, THOUSANDS, "")}/min`,
  "bytes": (value) => scaled(value, BYTES, "B"),
  "bytes per second": (value) => `${scaled(value, BYTES, "B")}/s`,
  "seconds": (value) => (value === 0 ? "0 s" : scaled(value, TIMES, "s")),
  "share": (value) => `${short(value * 100)} %`,
  "yes or no": (value) => (value >= 1 ? "yes" : value <= 0 ? "no" : ""),
};

export function written(value, unit) {
  return Number.isFinite(value) ? UNITS[unit](value) : "–";
}
