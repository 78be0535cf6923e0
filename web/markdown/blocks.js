// Markdown's blocks, as far as an answer needs them: paragraphs, headings, lists, tables, code, quotes, rules.
// What isn't one of these is a paragraph; HTML has no meaning and stays text.

import { readTable, startsTable } from "./table.js";

const FENCE = /^ {0,3}(`{3,}|~{3,})([^`]*)$/;
const HEADING = /^ {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$/;
const RULE = /^ {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( {0,3})([-*+]|(\d{1,9})[.)])(?:([ \t]+)(.*))?$/;
const NESTED = 2;        // columns that a line is further in than the marker of its item
const MAX_DEPTH = 8;

const blank = (line) => !/\S/.test(line);
const indent = (line) => /^ */.exec(line)[0].length;

/**
 * The blocks of these lines: {type, from, to, …}, from its first line to the one after its last. By type:
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

/** [block, the line after it] */
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

/** Whether a line ends the paragraph before it. A number in running text begins no list, unless it is 1. */
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

/** The lines of an item without their indentation, and where the next one would begin. */
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
    const lazy = next === end && !ITEM.test(lines[next]) && !interrupts(lines[next]);   // goes on with its paragraph
    if (!own && !lazy) break;
    inner.push(lines[next].slice(Math.min(content, indent(lines[next]))));
    end = next + 1;
  }
  // Blank lines before another item are between the two; before anything else, behind the list.
  const next = lines.findIndex((line, number) => number >= end && !blank(line));
  return [inner, next >= 0 && ITEM.test(lines[next]) ? next : end];
}
