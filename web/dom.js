// Creation of DOM nodes. Data becomes text nodes and attributes, never markup.

const SVG = "http://www.w3.org/2000/svg";
const ICON_PATHS = {
  bolt: "M13 3 5 14h6l-1 7 8-11h-6l1-7z",
  chat: "M4 5h16v11H10l-5 4v-4H4z",
  check: "m5 13 4 4L19 7",
  cross: "m6 6 12 12M18 6 6 18",
  clock: "M12 7v5l3 2M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z",
  down: "M12 5v14m-6-6 6 6 6-6",
  flask: "M9 3h6m-5 0v6L4.500 19a1.500 1.500 0 0 0 1.300 2h12.400a1.500 1.500 0 0 0 1.300-2L14 9V3M7.500 15h9",
  pin: "M12 21s-6.500-6-6.500-11a6.500 6.500 0 0 1 13 0c0 5-6.500 11-6.500 11zM12 12a2 2 0 1 0 0-4 2 2 0 0 0 0 4z",
  question: "M9.500 9.500a2.500 2.500 0 1 1 3.800 2.100c-.9.6-1.300 1.100-1.300 2.200M12 17v.01" +
    "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z",
  up: "M12 19V5m-6 6 6-6 6 6",
  level: "M6 9h12M6 15h12",
  warning: "M12 4 2.500 20h19zM12 10v4m0 3v.01",
};

/**
 * Returns the element of the page with this id. Throws if there is none, or none of this class.
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} [type]
 * @returns {T}
 */
export function byId(id, type) {
  const node = document.getElementById(id);
  if (!(node instanceof (type ?? HTMLElement))) throw new Error(`The page has no ${type?.name ?? "element"} #${id}.`);
  return /** @type {T} */ (node);
}

/** Creates an element. `properties` are its attributes, false and null left out, and `on` its event listeners. */
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "on") for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    else if (value !== false && value != null) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child != null && child !== false));
  return node;
}

/** Creates a line icon, hidden from screen readers: the text beside it has the same meaning. */
export function icon(name) {
  return svgPath({
    class: "icon", viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", "stroke-width": "2",
    "stroke-linecap": "round", "stroke-linejoin": "round",
  }, ICON_PATHS[name]);
}

/** Creates an SVG with these attributes and one path, hidden from screen readers. */
export function svgPath(attributes, d) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  for (const [key, value] of Object.entries({ ...attributes, "aria-hidden": "true" })) svg.setAttribute(key, value);
  path.setAttribute("d", d);
  svg.append(path);
  return svg;
}

/** Creates a bar that fills a fraction of its track, 0 to 1. */
export const bar = (fraction) => setFractions(el("span"), { fraction });

/**
 * Sets custom properties to fractions, limited to 0 to 1: {at: 0.5} → --at. Returns the node.
 * Uses the CSSOM because the Content-Security-Policy allows no style attribute.
 */
export function setFractions(node, fractions) {
  for (const [name, fraction] of Object.entries(fractions)) {
    node.style.setProperty(`--${name}`, String(Math.min(1, Math.max(0, fraction || 0))));
  }
  return node;
}

let isQuiet = false;
let announcementTimer = 0;

/** Runs `work` without announcements: what it shows was announced before. */
export function withoutAnnouncements(work) {
  isQuiet = true;
  try {
    work();
  } finally {
    isQuiet = false;
  }
}

/** Announces `text` to screen readers, in place of the announcement before it, without moving the focus. */
export function announce(text) {
  if (isQuiet) return;
  const region = byId("announcer");
  region.textContent = "";
  clearTimeout(announcementTimer);
  announcementTimer = setTimeout(() => {
    region.textContent = text;
    announcementTimer = setTimeout(() => { region.textContent = ""; }, 4000);
  }, 50);
}

/** Announces `text` to screen readers after the announcements before it: for text that arrives in pieces. */
export function queueAnnouncement(text) {
  if (isQuiet) return;
  const line = el("p", {}, text);
  byId("announcement-log").append(line);
  setTimeout(() => line.remove(), 10_000);   // else a screen reader would find the text twice on the page
}

/** Marks a button as busy or not. Unlike `disabled`, this leaves the focus on it. */
export function setBusy(button, busy) {
  if (busy) button.setAttribute("aria-disabled", "true");
  else button.removeAttribute("aria-disabled");
}
