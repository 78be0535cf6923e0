// Renders Markdown as DOM nodes. What markdown-it makes passes DOMPurify; then links.js checks each link.

import DOMPurify from "/vendor/dompurify.js";
import { el } from "../dom.js";
import { textLink } from "../links.js";
import { markdown } from "./parser.js";

const HEADING_OFFSET = 2;   // h1 and h2 belong to the page
const ALIGN = /text-align: *(left|center|right)/;
const PURIFY = {
  ALLOWED_TAGS: ["p", "br", "strong", "em", "s", "code", "pre", "a", "ul", "ol", "li", "blockquote", "hr",
    "h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"],
  ALLOWED_ATTR: ["href", "start", "data-align"],
  ADD_URI_SAFE_ATTR: ["start", "data-align"],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
  RETURN_DOM_FRAGMENT: true,
};

// The Content-Security-Policy allows no style attribute.
for (const type of ["th_open", "td_open"]) {
  markdown.renderer.rules[type] = (tokens, at, options, _env, renderer) => {
    const align = ALIGN.exec(String(tokens[at].attrGet("style") ?? ""))?.[1];
    tokens[at].attrs = align ? [["data-align", align]] : null;
    return renderer.renderToken(tokens, at, options);
  };
}

/** Returns the nodes of a Markdown text, one for each block. */
export function renderMarkdown(text) {
  /** @type {any} RETURN_DOM_FRAGMENT makes it a DocumentFragment, which the types of DOMPurify don't tell */
  const fragment = DOMPurify.sanitize(markdown.render(text), PURIFY);
  for (const heading of fragment.querySelectorAll("h1, h2, h3, h4, h5, h6")) lowerHeading(heading);
  for (const code of fragment.querySelectorAll("pre")) makeScrollable(code);
  for (const table of fragment.querySelectorAll("table")) wrapTable(table);
  for (const link of fragment.querySelectorAll("a")) {
    link.replaceWith(textLink(link.getAttribute("href") ?? "", [...link.childNodes]));
  }
  // Last, since the browser determines this direction anew with each change within the block.
  // Inner blocks inherit it: with a direction of their own they would not count for the one around them.
  for (const block of fragment.children) (block.querySelector("table") ?? block).setAttribute("dir", "auto");
  return [...fragment.children];
}

function lowerHeading(heading) {
  const level = Math.min(6, Number(heading.localName[1]) + HEADING_OFFSET);
  heading.replaceWith(el(`h${level}`, {}, ...heading.childNodes));
}

function makeScrollable(code) {
  code.className = "scroll";
  code.tabIndex = 0;
}

function wrapTable(table) {
  for (const head of table.querySelectorAll("th")) head.scope = "col";
  const region = el("div", { class: "scroll", role: "region", "aria-label": "Table", tabindex: "0" });
  table.replaceWith(region);
  region.append(table);
}
