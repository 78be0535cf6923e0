// The dashboard of the local stack: plots of the last hour and the states of alarms, read again every few seconds.

import { announce, el } from "/dom.js";
import { renderMarkdown } from "/markdown/render.js";
import { formatCount } from "/numbers.js";
import uPlot from "/dashboard/uplot.js";

const INTERVAL_MS = 5000;
const REQUEST_TIMEOUT_MS = 30_000;
const HEIGHT = 170;
const COLOURS = 6;

const rows = document.getElementById("rows");
const alarms = document.getElementById("alarms");
const problem = document.getElementById("problem");
const asOf = document.getElementById("as-of");
const dark = matchMedia("(prefers-color-scheme: dark)");

/** The state of each alarm as it was shown last, by its title. */
const alarmStates = new Map();

/** The text of each alarm's section in docs/operations.md, by its title. */
const sections = new Map();

/** The plots by the place of their widget: the label of each line, the node, and uPlot's instance. */
const plots = new Map();

const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const format = (value, unit) =>
  value == null ? "–" : `${value.toLocaleString("en-US", { maximumSignificantDigits: 4 })}${unit && ` ${unit}`}`;

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Makes a node's children those of `items`, in their order. A child whose key is there already is kept, so that the focus
 * and a selection in it stay: `keyOf(item)` returns its key, `create(item)` a new child, and `update(child, item)` shows
 * the item in either.
 */
function reconcile(parent, items, keyOf, create, update) {
  const focused = document.activeElement;
  const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  const keys = new Set(items.map(keyOf));
  for (const [key, child] of known) if (!keys.has(key)) child.remove();
  items.forEach((item, index) => {
    const key = keyOf(item);
    const child = known.get(key) ?? create(item);
    child.dataset.key = key;
    update(child, item);
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
  });
  // One that moved has lost it.
  if (focused !== document.activeElement && parent.contains(focused)) focused.focus({ preventScroll: true });
}

function showAlarms(reports) {
  const create = ({ title }) => el("li", {}, el("details", {}, el("summary"), ...renderMarkdown(sections.get(title) ?? "")));
  reconcile(alarms, reports, ({ title }) => title, create, (item, report) => {
    const bound = `${report.is_below ? "below" : "above"} ${format(report.threshold, "")}`;
    const since = new Date(report.since * 1000).toLocaleTimeString();
    item.dataset.state = report.state;
    setText(item.querySelector("summary"),
      `${report.state}: ${report.title} (${format(report.value, "")}; fires ${bound}) since ${since}`);
  });
  announceChanges(reports);
}

/** Announces the alarms that have changed their state since the last time; the first time those that have fired. */
function announceChanges(reports) {
  const changed = reports.filter(({ title, state }) => state !== (alarmStates.get(title) ?? "OK"));
  for (const { title, state } of reports) alarmStates.set(title, state);
  if (changed.length) announce(changed.map(({ title, state }) => `${state}: ${title}.`).join(" "));
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
  const lines = widget.lines.map((line, index) => ({ ...line, index }));
  reconcile(shown.legend, lines, ({ label }) => label, () => el("li"), (item, { label, values, index }) => {
    setText(item, `${label}: ${format(values.findLast((value) => value != null), widget.unit)}`);
    item.style.setProperty("--swatch", style(`--line-${index % COLOURS}`));
  });
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

/** Describes a table with a caption, and a heading and cells in each row. */
const table = (caption, entries, className) =>
  ({ caption, className, entries: entries.length ? entries : [["none yet"]] });

function showTables(id, tables) {
  const indexed = tables.map((each, index) => ({ ...each, index }));
  const create = ({ className }) => el("table", { class: className }, el("caption"), el("tbody"));
  reconcile(document.getElementById(id), indexed, ({ index }) => String(index), create, (node, { caption, entries }) => {
    setText(node.caption, caption);
    reconcile(node.tBodies[0], entries, ([name, ...cells]) => `${cells.length} ${name}`, createRow, (row, texts) =>
      texts.forEach((text, index) => setText(row.cells[index], text)));
  });
}

const createRow = ([, ...cells]) => el("tr", {}, el("th", { scope: "row" }), ...cells.map(() => el("td")));

const dollars = (amount) => (amount == null ? "unknown" : `$${amount}`);
const costsOf = (costs) => Object.entries(costs).map(([name, cost]) => [name, dollars(cost)]);

function showCosts(report) {
  showTables("costs", [
    table(formatCount(report.questions, "answered question"), [["cost", dollars(report.total)]]),
    table("They would have cost", [
      ["without tiers", dollars(report.without_tiers)],
      ["without caching", dollars(report.without_caching)],
      ["on the baseline", dollars(report.baseline)],
    ]),
    table("By model", costsOf(report.by_model)),
    table("By tier", costsOf(report.by_tier)),
    table("By user", costsOf(report.by_user)),
  ]);
}

function showFeedback({ figures, answers }) {
  const percent = (value) => (value == null ? "nothing to judge by" : `${value.toFixed(1)} %`);
  showTables("feedback", [
    table("Of the last thirty days", [
      ["Claude's judged answers that forgot nothing", percent(figures.recall_accuracy)],
      ["questions asked again within a week", percent(figures.repeated_questions)],
      ["answers called slow", percent(figures.slow_complaints)],
    ]),
    table("Called wrong", answers.map((each) =>
      [each.turn_id, `tier ${each.tier}`, each.question ?? "(deleted)", each.answer ?? "(deleted)"]), "texts"),
  ]);
}

async function request(path) {
  const response = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
  if (response.ok) return response;
  const { message } = await response.json().catch(() => ({}));
  throw new Error(message ?? `HTTP ${response.status}`);
}

const read = async (path) => (await request(path)).json();

/** Reads the sections of the alarms once. Without them the alarms are shown all the same. */
async function readSections() {
  const text = await (await request("/dashboard/operations.md")).text();
  for (const section of text.split(/^### /m).slice(1)) {
    const [title, ...lines] = section.split("\n## ")[0].split("\n");
    // The page's Markdown has a line break where a text has one; this text is wrapped.
    sections.set(title, lines.join("\n").replace(/(?<=\S)\n(?=\S)/g, " "));
  }
}

async function readAll() {
  try {
    show(await read("/dashboard.json"));
    showCosts(await read("/costs.json"));
    showFeedback(await read("/feedback.json"));
    problem.hidden = true;
  } catch (error) {
    setText(problem, `The values can't be read (${error.message}). Is PAM still running?`);
    problem.hidden = false;
  }
}

let isRefreshing = false;
let isDue = false;
let next;

/** Shows the newest values, and again every few seconds. One that is asked for meanwhile begins after this one. */
async function refresh() {
  isDue = true;
  if (isRefreshing) return;
  isRefreshing = true;
  clearTimeout(next);
  while (isDue) {
    isDue = false;
    await readAll();
  }
  isRefreshing = false;
  next = setTimeout(refresh, INTERVAL_MS);
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
await readSections().catch(() => {});
await refresh();
