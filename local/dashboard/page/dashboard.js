// The dashboard of the local stack: plots of the last hour and the states of alarms, read again every few seconds.

import { el } from "/dom.js";
import uPlot from "/dashboard/uplot.js";

const INTERVAL_MS = 5000;
const HEIGHT = 170;
const COLOURS = 6;

const rows = document.getElementById("rows");
const alarms = document.getElementById("alarms");
const problem = document.getElementById("problem");
const asOf = document.getElementById("as-of");
const dark = matchMedia("(prefers-color-scheme: dark)");

/** The plots by the place of their widget: the label of each line, the node, and uPlot's instance. */
const plots = new Map();

const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const format = (value, unit) =>
  value == null ? "–" : `${value.toLocaleString("en-US", { maximumSignificantDigits: 4 })}${unit && ` ${unit}`}`;

function showAlarms(reports) {
  alarms.replaceChildren(...reports.map((report) => {
    const bound = `${report.is_below ? "below" : "above"} ${format(report.threshold, "")}`;
    const since = new Date(report.since * 1000).toLocaleTimeString();
    return el("li", { "data-state": report.state },
      `${report.state === "ALARM" ? "ALARM" : "OK"}: ${report.title} (${format(report.value, "")}; fires ${bound}) since ${since}`);
  }));
}

function newPlot(node, widget, width) {
  const colour = (index) => style(`--line-${index % COLOURS}`);
  const axis = { stroke: style("--ink-soft"), grid: { stroke: style("--line"), width: 1 }, ticks: { stroke: style("--line") } };
  const series = widget.lines.map((line, index) =>
    ({ label: line.label, stroke: colour(index), width: 2, points: { show: true, size: 4 }, spanGaps: false }));
  if (widget.target != null) series.push({ label: "target", stroke: style("--ink-soft"), dash: [6, 4], width: 1, points: { show: false } });
  const options = {
    width, height: HEIGHT, legend: { show: false }, cursor: { y: false },
    scales: { y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: [axis, { ...axis, size: 56 }],
    series: [{}, ...series],
  };
  return new uPlot(options, [[], ...series.map(() => [])], node);
}

function dataOf(widget, times) {
  const data = [times, ...widget.lines.map((line) => line.values)];
  if (widget.target != null) data.push(times.map(() => widget.target));
  return data;
}

function showWidget(grid, key, widget, times) {
  const signature = widget.lines.map((line) => line.label).join("\n");
  let shown = plots.get(key);
  if (!shown) {
    const plot = el("div", { class: "plot", "aria-hidden": "true" });
    const legend = el("ul");
    const node = el("section", { class: "widget" }, el("h3", {}, widget.title), plot, legend);
    grid.append(node);
    shown = { plot, legend, signature: null, chart: null };
    plots.set(key, shown);
  }
  if (shown.signature !== signature) {
    shown.chart?.destroy();
    shown.chart = newPlot(shown.plot, widget, Math.max(200, shown.plot.clientWidth));
    shown.signature = signature;
  }
  shown.chart.setData(dataOf(widget, times));
  // The newest value of each line as text, for those who can't see the plot.
  shown.legend.replaceChildren(...widget.lines.map((line, index) => {
    const item = el("li", {}, `${line.label}: ${format(line.values.findLast((value) => value != null), widget.unit)}`);
    item.style.setProperty("--swatch", style(`--line-${index % COLOURS}`));
    return item;
  }));
}

function show(snapshot) {
  showAlarms(snapshot.alarms);
  snapshot.rows.forEach((row, index) => {
    const id = `row-${index}`;
    let grid = document.getElementById(id);
    if (!grid) {
      grid = el("div", { class: "widgets", id });
      rows.append(el("section", { "aria-labelledby": `${id}-title` }, el("h2", { id: `${id}-title` }, row.title), grid));
    }
    row.widgets.forEach((widget, at) => showWidget(grid, `${index} ${at}`, widget, snapshot.times));
  });
  asOf.textContent = `as of ${new Date().toLocaleTimeString()}`;
  rows.removeAttribute("aria-busy");
}

/** Creates a table with a caption, and a heading and cells in each row. */
const table = (caption, entries, className) => el("table", { class: className }, el("caption", {}, caption),
  el("tbody", {}, ...(entries.length ? entries : [["none yet"]]).map(([name, ...cells]) =>
    el("tr", {}, el("th", { scope: "row" }, name), ...cells.map((cell) => el("td", {}, cell))))));

const dollars = (amount) => (amount == null ? "unknown" : `$${amount}`);
const costsOf = (costs) => Object.entries(costs).map(([name, cost]) => [name, dollars(cost)]);

function showCosts(report) {
  document.getElementById("costs").replaceChildren(
    table(`${report.questions} questions`, [["cost", dollars(report.total)]]),
    table("They would have cost", [
      ["without tiers", dollars(report.without_tiers)],
      ["without caching", dollars(report.without_caching)],
      ["on the baseline", dollars(report.baseline)],
    ]),
    table("By model", costsOf(report.by_model)),
    table("By tier", costsOf(report.by_tier)),
    table("By user", costsOf(report.by_user)),
  );
}

function showFeedback({ figures, answers }) {
  const percent = (value) => (value == null ? "nothing to judge by" : `${value.toFixed(1)} %`);
  document.getElementById("feedback").replaceChildren(
    table("Of the last thirty days", [
      ["Claude's judged answers that forgot nothing", percent(figures.recall_accuracy)],
      ["questions asked again within a week", percent(figures.repeated_questions)],
      ["answers called slow", percent(figures.slow_complaints)],
    ]),
    table("Called wrong", answers.map((each) =>
      [each.turn_id, `tier ${each.tier}`, each.question ?? "(deleted)", each.answer ?? "(deleted)"]), "texts"),
  );
}

async function read(path) {
  const response = await fetch(path, { cache: "no-store" });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response.json();
}

async function refresh() {
  try {
    show(await read("/dashboard.json"));
    showCosts(await read("/costs.json"));
    showFeedback(await read("/feedback.json"));
    problem.hidden = true;
  } catch (error) {
    problem.textContent = `The values can't be read (${error.message}). Is PAM still running?`;
    problem.hidden = false;
  }
}

/** Makes the plots again, in the colours and the width of now. */
function redraw() {
  for (const shown of plots.values()) shown.signature = null;
  refresh();
}

dark.addEventListener("change", redraw);
let resizing;
addEventListener("resize", () => {
  clearTimeout(resizing);
  resizing = setTimeout(redraw, 200);
});
await refresh();
setInterval(refresh, INTERVAL_MS);
