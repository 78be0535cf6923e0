// Parses Markdown blocks: paragraphs, headings, lists, tables, code, quotes, rules. HTML is text of a paragraph.

import { readTable, startsTable } from "./table.js";

const FENCE = /^ {0,3}(`{3,}|~{3,})([^`]*)$/;
const HEADING = /^ {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$/;
const RULE = /^ {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( {0,3})([-*+]|(\d{1,9})[.)])(?:([ \t]+)(.*))?$/;
const NESTED = 2;        // minimum indentation of an item's content
const MAX_DEPTH = 8;

const blank = (line) => !/\S/.test(line);
const indent = (line) => /^ */.exec(line)[0].length;

/**
 * Parses lines into blocks {type, from, to, …}, `from` the first line and `to` the one after the last. By type:
 * paragraph {text} · heading {level, text} · code {text} · quote {blocks} · rule ·
 * list {start, items: [blocks]}, `start` null for bullets · table {align, head, rows}, of texts.
 */
export function readBlocks(lines, depth = 0) {
  const blocks = [];
  for (let at = 0; at < lines.length;) {
    if (blank(lines[at])) {
      at += 1;
      continue;
    }
    const [block, end] = readBlock(lines, at, depth);
    blocks.push({ ...block, from: at, to: end });
    at = end;
  }
  return blocks;
}

/** Returns [block, the line after it]. */
function readBlock(lines, at, depth) {
  const line = lines[at];
  if (FENCE.test(line)) return readCode(lines, at);
  const heading = HEADING.exec(line);
  if (heading) return [{ type: "heading", level: heading[1].length, text: heading[2] }, at + 1];
  if (RULE.test(line)) return [{ type: "rule" }, at + 1];
  if (depth < MAX_DEPTH && QUOTE.test(line)) return readQuote(lines, at, depth);
  if (depth < MAX_DEPTH && ITEM.test(line)) return readList(lines, at, depth);
  if (startsTable(lines, at)) return readTable(lines, at, (next) => blank(lines[next]) || interrupts(lines[next]));
  return readParagraph(lines, at);
}

function readParagraph(lines, at) {
  let end = at + 1;
  while (end < lines.length && !blank(lines[end]) && !interrupts(lines[end]) && !startsTable(lines, end)) end += 1;
  return [{ type: "paragraph", text: lines.slice(at, end).map((line) => line.trim()).join("\n") }, end];
}

/** Returns whether a line ends the paragraph before it. A list that interrupts one must start with 1. */
function interrupts(line) {
  const item = ITEM.exec(line);
  if (item?.[5] && (!item[3] || item[3] === "1")) return true;
  return FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line);
}

function readCode(lines, at) {
  const [, fence] = FENCE.exec(lines[at]);
  const closes = (line) => line.trim().startsWith(fence) && new Set(line.trim()).size === 1;
  let end = at + 1;
  while (end < lines.length && !closes(lines[end])) end += 1;
  return [{ type: "code", text: lines.slice(at + 1, end).join("\n") }, end + 1];
}

function readQuote(lines, at, depth) {
  let end = at;
  while (end < lines.length && QUOTE.test(lines[end])) end += 1;
  const inner = lines.slice(at, end).map((line) => line.replace(QUOTE, ""));
  return [{ type: "quote", blocks: readBlocks(inner, depth + 1) }, end];
}

function readList(lines, at, depth) {
  const [, , , number] = ITEM.exec(lines[at]);
  const items = [];
  let end = at;
  while (end < lines.length) {
    const item = RULE.test(lines[end]) ? null : ITEM.exec(lines[end]);
    if (!item || Boolean(item[3]) !== Boolean(number)) break;
    const [inner, next] = readItem(lines, end, item);
    items.push(readBlocks(inner, depth + 1));
    end = next;
  }
  return [{ type: "list", start: number ? Number(number) : null, items }, end];
}

/** Returns an item's lines without their indentation, and the line after it. */
function readItem(lines, at, [, before, marker, , space = " ", first = ""]) {
  const content = before.length + marker.length + Math.min(space.length, 4);
  const inner = [first];
  let end = at + 1;
  for (let next = end; next < lines.length; next += 1) {
    if (blank(lines[next])) {
      inner.push("");
      continue;
    }
    const own = indent(lines[next]) >= before.length + NESTED;
    const lazy = next === end && !ITEM.test(lines[next]) && !interrupts(lines[next]);   // lazy continuation
    if (!own && !lazy) break;
    inner.push(lines[next].slice(Math.min(content, indent(lines[next]))));
    end = next + 1;
  }
  // Blank lines belong to the list only if another item follows.
  const next = lines.findIndex((line, number) => number >= end && !blank(line));
  return [inner, next >= 0 && ITEM.test(lines[next]) ? next : end];
}
