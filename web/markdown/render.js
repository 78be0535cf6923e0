// Renders blocks and spans as DOM nodes: text only becomes text nodes, and links are checked by links.js.

import { el } from "../dom.js";
import { textLink } from "../links.js";
import { readSpans } from "./inline.js";

const FIRST_HEADING = 3;   // h1 and h2 belong to the page

/** Renders a block from blocks.js. `open`: more of its text may come. */
export function blockNode(block, open = false) {
  return BLOCKS[block.type](block, open);
}

const BLOCKS = {
  paragraph: ({ text }, open) => el("p", {}, ...spans(text, open)),
  heading: ({ level, text }, open) => el(`h${Math.min(6, level + FIRST_HEADING - 1)}`, {}, ...spans(text, open)),
  code: ({ text }) => el("pre", { class: "scroll", tabindex: "0" }, el("code", {}, text)),
  quote: ({ blocks }, open) => el("blockquote", {}, ...inner(blocks, open)),
  rule: () => el("hr"),
  list: ({ start, items }, open) => el(start === null ? "ul" : "ol", { start: start > 1 ? start : null },
    ...items.map((blocks, at) => el("li", {}, ...itemNodes(blocks, open && at === items.length - 1)))),
  table: ({ align, head, rows }) => el("div", { class: "scroll", role: "region", "aria-label": "Table", tabindex: "0" },
    el("table", {},
      el("thead", {}, el("tr", {}, ...head.map((text, at) => cell("th", text, align[at], { scope: "col" })))),
      el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map((text, at) => cell("td", text, align[at]))))))),
};

const SPANS = {
  strong: (span) => el("strong", {}, ...span.spans.map(spanNode)),
  em: (span) => el("em", {}, ...span.spans.map(spanNode)),
  code: ({ text }) => el("code", {}, text),
  break: () => el("br"),
  link: (span) => textLink(span.href, span.spans.map(spanNode)),
};

const spanNode = (span) => (typeof span === "string" ? span : SPANS[span.type](span));
const spans = (text, open) => readSpans(text, { open }).map(spanNode);
const inner = (blocks, open) => blocks.map((block, at) => blockNode(block, open && at === blocks.length - 1));
const cell = (tag, text, align, more = {}) => el(tag, { ...more, "data-align": align }, ...spans(text, false));

/** Renders a list item; one with a single paragraph has no <p>. */
function itemNodes(blocks, open) {
  const [first, ...rest] = blocks;
  if (first?.type !== "paragraph" || rest.some(({ type }) => type === "paragraph")) return inner(blocks, open);
  return [...spans(first.text, open && !rest.length), ...inner(rest, open)];
}
