// Links made from data: only web pages, mail addresses and telephone numbers. Everything else stays text.

import { el } from "./dom.js";

const WEB = new Set(["http:", "https:"]);
const LOOKS_LIKE_ADDRESS = /[\w-]\.\p{L}{2,}|:\/\/|@/u;
const OTHER_DOTS = /[\u3002\uff0e\uff61]/g;   // which browsers read as dots in a host
const OTHER_FORMS = /[\u3002\uff01-\uff5e\uff61]/;   // fullwidth forms of ASCII, and other dots
const SCRIPTS = ["Latin", "Cyrillic", "Greek", "Armenian", "Hebrew", "Arabic", "Han", "Hangul", "Thai", "Devanagari"]
  .map((script) => new RegExp(`\\p{Script=${script}}`, "u"));
const BIDI_CONTROL = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/;   // can make an address look like another

/** Creates a link to a website, labelled with its host; plain text if the address isn't http or https. */
export function websiteLink(address) {
  const url = parseUrl(address);
  if (!url || !WEB.has(url.protocol)) return el("span", {}, address);
  return externalLink(url, url.hostname);
}

/**
 * Creates a link with an untrusted label, a list of nodes and texts; plain text if the address is no web page or mail.
 * A label that looks like another address than the target is followed by the real one, and so is every label if the
 * host is written in several scripts or in fullwidth characters: the real one is shown in ASCII, as punycode.
 */
export function textLink(address, label) {
  const url = parseUrl(address);
  const mail = url?.protocol === "mailto:";
  if (!url || (!mail && !WEB.has(url.protocol))) return el("span", {}, ...label);
  const link = mail ? el("a", { href: url.href }, ...label) : externalLink(url, ...label);
  const target = mail ? decodePercent(url.pathname) : url.host;
  if (isDeceptive(textOf(label), target) || (!mail && isDisguised(address))) link.append(` (${target})`);
  return link;
}

/** Creates a link that dials a telephone number; plain text if it isn't one. */
export function phoneLink(number) {
  const digits = number.replace(/(?!^\+)\D/g, "");
  return /^\+?\d{5,15}$/.test(digits) ? el("a", { href: `tel:${digits}` }, number) : el("span", {}, number);
}

const externalLink = (url, ...label) => el("a", { href: url.href, target: "_blank", rel: "noopener noreferrer" },
  ...label, el("span", { class: "visually-hidden" }, " (opens in a new tab)"));

function parseUrl(address) {
  try {
    return new URL(address);
  } catch {
    return null;
  }
}

const textOf = (label) => label.map((part) => part.textContent ?? part).join("").trim().toLowerCase()
  .normalize("NFKC").replace(OTHER_DOTS, ".");

/** Returns whether the host of a web address can be read as another one. */
function isDisguised(address) {
  const host = decodePercent(/^\w+:[/\\]*([^/?#\\]*)/.exec(address)?.[1] ?? "");
  return /(^|\.)xn--/i.test(host) || OTHER_FORMS.test(host) || SCRIPTS.filter((script) => script.test(host)).length > 1;
}

/** Returns whether a text looks like an address other than `target`. */
function isDeceptive(text, target) {
  if (BIDI_CONTROL.test(text)) return true;
  if (!LOOKS_LIKE_ADDRESS.test(text)) return false;
  const [host] = text.replace(/^[a-z]+:(\/\/)?/, "").split(/[/?#\s]/);
  return host !== target && host !== target.replace(/^www\./, "") && host.replace(/^www\./, "") !== target;
}

function decodePercent(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
