// Marks parts of a Markdown text after rendering, by their position in the source.

import { renderMarkdown } from "./render.js";

const PRIVATE_USE = { first: 0xE000, last: 0xF8FF };

/**
 * Returns the nodes of a Markdown text, one for each block, with createMark(text) in place of each marked text.
 * `spans` are {start, end, text} in UTF-16 code units of the source; one whose text isn't there is left out. So are
 * all of them if the text were rendered in another way with them, as where one is within an address.
 */
export function renderMarked(source, spans, createMark) {
  const plain = renderMarkdown(source);
  const valid = nonOverlapping(spans.filter(({ start, end, text }) => text && source.slice(start, end) === text));
  const brackets = unusedCharacters(source);
  if (!valid.length || !brackets) return plain;
  const marked = renderMarkdown(insertBrackets(source, valid, brackets));
  return isSameWithout(brackets, marked, plain) ? replaceMarked(marked, brackets, createMark) : plain;
}

function nonOverlapping(spans) {
  const sorted = spans.toSorted((one, other) => one.start - other.start);
  return sorted.filter(({ start }, at) => at === 0 || start >= sorted[at - 1].end);
}

/**
 * Returns two characters of the private use area that a text doesn't have, or null if it has nearly all.
 * @returns {[string, string] | null}
 */
function unusedCharacters(text) {
  let first = "";
  for (let code = PRIVATE_USE.first; code <= PRIVATE_USE.last; code++) {
    const character = String.fromCharCode(code);
    if (text.includes(character)) continue;
    if (first) return [first, character];
    first = character;
  }
  return null;
}

function insertBrackets(source, spans, [open, close]) {
  let marked = "";
  let from = 0;
  for (const { start, end } of spans) {
    marked += source.slice(from, start) + open + source.slice(start, end) + close;
    from = end;
  }
  return marked + source.slice(from);
}

/** Returns whether blocks are `plain` apart from the brackets in their texts. */
function isSameWithout(brackets, blocks, plain) {
  const copies = blocks.map((block) => block.cloneNode(true));
  for (const node of textNodes(copies)) node.data = brackets.reduce((data, each) => data.replaceAll(each, ""), node.data);
  return copies.length === plain.length && copies.every((copy, at) => copy.isEqualNode(plain[at]));
}

/** Replaces each text between brackets, which may begin and end in different text nodes. */
function replaceMarked(blocks, [open, close], createMark) {
  let isMarked = false;
  for (const node of textNodes(blocks)) {
    const parts = [];
    for (const part of node.data.split(new RegExp(`([${open}${close}])`))) {
      if (part === open || part === close) isMarked = part === open;
      else if (part) parts.push(isMarked ? createMark(part) : part);
    }
    node.replaceWith(...parts);
  }
  return blocks;
}

function textNodes(blocks) {
  const nodes = [];
  for (const block of blocks) {
    const walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) nodes.push(walker.currentNode);
  }
  return nodes;
}
