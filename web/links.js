// Links out of data: only what leads to a web page, a mailbox or a telephone. Everything else stays text.

import { el } from "./dom.js";

const WEB = new Set(["http:", "https:"]);
const ADDRESS = /[\w-]\.\p{L}{2,}|:\/\/|@/u;                   // what looks like an address of its own
const REORDERS = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/;     // can make a text look like another

/** A link to a website that names its host; plain text where the address isn't one. */
export function websiteLink(address) {
  const url = parsed(address);
  if (!WEB.has(url?.protocol)) return el("span", {}, address);
  return leadingOut(url, url.hostname);
}

/**
 * A link with words of somebody else's, as nodes and texts; only the words where the address is no web page or mailbox.
 * Words that look like another address than the one they lead to are followed by the true one.
 */
export function textLink(address, words) {
  const url = parsed(address);
  const mail = url?.protocol === "mailto:";
  if (!mail && !WEB.has(url?.protocol)) return el("span", {}, ...words);
  const link = mail ? el("a", { href: url.href }, ...words) : leadingOut(url, ...words);
  const truth = mail ? decoded(url.pathname) : url.host;
  if (misleads(said(words), truth)) link.append(` (${truth})`);
  return link;
}

/** A link that dials; plain text where there is nothing to dial. */
export function phoneLink(number) {
  const digits = number.replace(/(?!^\+)\D/g, "");
  return /^\+?\d{5,15}$/.test(digits) ? el("a", { href: `tel:${digits}` }, number) : el("span", {}, number);
}

const leadingOut = (url, ...words) => el("a", { href: url.href, target: "_blank", rel: "noopener noreferrer" },
  ...words, el("span", { class: "visually-hidden" }, " (opens in a new tab)"));

function parsed(address) {
  try {
    return new URL(address);
  } catch {
    return null;
  }
}

const said = (words) => words.map((word) => word.textContent ?? word).join("").trim().toLowerCase();

/** Whether words look like an address, and not like this one. */
function misleads(words, truth) {
  if (REORDERS.test(words)) return true;
  if (!ADDRESS.test(words)) return false;
  const [host] = words.replace(/^[a-z]+:(\/\/)?/, "").split(/[/?#\s]/);
  return host !== truth && host !== truth.replace(/^www\./, "") && host.replace(/^www\./, "") !== truth;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
