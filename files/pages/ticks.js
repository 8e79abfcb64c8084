// Where a scale has its marks: at numbers that people take for round, in the unit at hand.

const TIMES = [60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200, 86400, 2 * 86400, 7 * 86400, 30 * 86400, 90 * 86400, 365 * 86400];
const MARKS = 4;

// The least of 1, 2, 5, 10, 20, … that is not less than a number.
function round(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least * 0.999);
}

function distance(most, unit) {
  const least = most / MARKS;
  if (unit.startsWith("bytes")) {
    const power = 1024 ** Math.max(0, Math.floor(Math.log2(least) / 10));
    return least / power > 500 ? 1024 * power : round(least / power) * power;
  }
  if (unit === "seconds" && least > 20) return TIMES.find((step) => step >= least) ?? round(least / 86400) * 86400;
  return round(least);
}

// The marks from nothing to the greatest value.
export function marks(most, unit) {
  if (unit === "yes or no") return [0, 1];
  const step = distance(most, unit);
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, number) => number * step);
}
