// Links out of data: only what leads to a web page or a telephone. Everything else stays text.

import { el } from "./dom.js";

const WEB = new Set(["http:", "https:"]);

/** A link to a website that names its host; plain text where the address isn't one. */
export function websiteLink(address) {
  let url;
  try {
    url = new URL(address);
  } catch {
    return el("span", {}, address);
  }
  if (!WEB.has(url.protocol)) return el("span", {}, address);
  return el("a", { href: url.href, target: "_blank", rel: "noopener noreferrer" }, url.hostname,
    el("span", { class: "visually-hidden" }, " (opens in a new tab)"));
}

/** A link that dials; plain text where there is nothing to dial. */
export function phoneLink(number) {
  const digits = number.replace(/(?!^\+)\D/g, "");
  return /^\+?\d{5,15}$/.test(digits) ? el("a", { href: `tel:${digits}` }, number) : el("span", {}, number);
}
