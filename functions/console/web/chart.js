// A chart of cumulative steps over days as SVG, and the same numbers as a table for users who do not see it.

import { h, svg } from "./dom.js";
import { number, t } from "./i18n.js";

/** Width of the chart: wide on a desk, narrow on a phone, so that its texts have one size. */
const WIDTH = window.matchMedia("(max-width: 48rem)").matches ? 340 : 720;
const HEIGHT = 260;
const LEFT = 52;
const RIGHT = 16;
const TOP = 14;
const BOTTOM = 28;

/** Returns a round number of at least `most`, and the step between the lines: 1, 2 or 5 times a power of ten. */
function scale(most) {
  const rough = Math.max(1, most) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(
    1,
    [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough),
  );
  return { step, top: Math.ceil(Math.max(1, most) / step) * step };
}

/** Returns the few days to label, the last one included. */
function ticks(days) {
  const wanted = Math.min(days.length, 5);
  if (wanted === 1) return [0];
  return [
    ...new Set(Array.from({ length: wanted }, (_, index) => Math.round((index * (days.length - 1)) / (wanted - 1)))),
  ];
}

function table(days, series, title) {
  // Days without a change add no information.
  const changed = days
    .map((day, index) => index)
    .filter((index) => index === 0 || series.some(({ values }) => values[index] !== values[index - 1]));
  const rows = changed.map((index) =>
    h(
      "tr",
      null,
      h("th", { scope: "row" }, days[index]),
      series.map(({ values }) => h("td", { class: "number" }, number(values[index]))),
    ),
  );
  return h(
    "details",
    { class: "numbers" },
    h("summary", null, t("chart.table")),
    h(
      "div",
      { class: "table", tabindex: "0", role: "region", "aria-label": t("chart.table") },
      h(
        "table",
        { class: "plain" },
        h("caption", { class: "unseen" }, title),
        h(
          "thead",
          null,
          h(
            "tr",
            null,
            h("th", { scope: "col" }, t("chart.day")),
            series.map(({ label }) => h("th", { scope: "col", class: "number" }, label)),
          ),
        ),
        h("tbody", null, rows),
      ),
    ),
  );
}

/**
 * Returns a chart of steps over days. `series` are `{name, label, values}` with a value for each day. `marks` are
 * `{name, label, value}` without a day, which are drawn at the right edge.
 */
export function stepChart({ days, series, marks = [], title }) {
  const most = Math.max(...series.flatMap(({ values }) => values), ...marks.map(({ value }) => value));
  const { step, top } = scale(most);
  const width = WIDTH - LEFT - RIGHT;
  const height = HEIGHT - TOP - BOTTOM;
  // A day is an interval: its value at the end is drawn over the whole day.
  const x = (index) => LEFT + (index / days.length) * width;
  const y = (value) => TOP + height - (value / top) * height;
  const line = (values) =>
    values
      .map(
        (value, index) =>
          `${index === 0 ? "M" : "L"}${x(index).toFixed(1)} ${y(value).toFixed(1)}H${x(index + 1).toFixed(1)}`,
      )
      .join("");
  const grid = [];
  for (let value = 0; value <= top; value += step) {
    grid.push(
      svg("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value) }),
      svg("text", { class: "axis", x: LEFT - 8, y: y(value) + 4, "text-anchor": "end" }, number(value)),
    );
  }
  const labels = ticks(days).map((index, place, all) => {
    const anchor = place === 0 ? "start" : place === all.length - 1 ? "end" : "middle";
    const at = place === all.length - 1 && all.length > 1 ? WIDTH - RIGHT : x(index);
    return svg(
      "text",
      { class: place % 2 === 1 ? "axis between" : "axis", x: at, y: HEIGHT - 8, "text-anchor": anchor },
      days[index],
    );
  });
  const drawn = series.map(({ name, label, values }) => {
    const path = line(values);
    return svg(
      "g",
      { class: `series ${name}` },
      svg("title", null, `${label}: ${number(values.at(-1))}`),
      svg("path", { class: "area", d: `${path}V${y(0)}H${LEFT}Z` }),
      svg("path", { class: "line", d: path, fill: "none" }),
    );
  });
  const diamonds = marks.map(({ name, label, value }) => {
    const [cx, cy] = [WIDTH - RIGHT, y(value)];
    const shape = svg("path", { d: `M${cx - 7} ${cy}L${cx} ${cy - 7}L${cx + 7} ${cy}L${cx} ${cy + 7}Z` });
    return svg("g", { class: `mark ${name}` }, svg("title", null, `${label}: ${number(value)}`), shape);
  });
  const spoken = [
    ...series.map(({ label, values }) => `${label} ${number(values.at(-1))}`),
    ...marks.map(({ label, value }) => `${label} ${number(value)}`),
  ].join(", ");
  const legend = [
    ...series.map(({ name, label }) => [name, label, "line"]),
    ...marks.map(({ name, label }) => [name, label, "diamond"]),
  ];
  return h(
    "figure",
    { class: "chart" },
    svg(
      "svg",
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${title}: ${spoken}` },
      grid,
      drawn,
      diamonds,
      labels,
    ),
    h(
      "figcaption",
      null,
      legend.map(([name, label, shape]) => h("span", { class: `key ${name} ${shape}` }, label)),
    ),
    table(days, series, title),
  );
}
