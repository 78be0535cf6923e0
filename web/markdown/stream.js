// Parses Markdown that arrives in chunks, and separates complete blocks from those that may still change.

import { mend } from "./mend.js";
import { markdown } from "./parser.js";

// A last line that is only a marker so far; rendering it would flicker.
const UNDECIDED = /^[ \t]*(?:#+|[-*+_=]+|>|\d+[.)]?|`+|~+|\|.*)[ \t]*$/;
const CONTINUES_AFTER_BLANK = new Set(["bullet_list_open", "ordered_list_open", "code_block"]);
const LEAVES = new Set(["paragraph_open", "heading_open"]);

/** An incremental parser for one text. */
export class MarkdownStream {
  #rest = "";

  /** The length of what may still change. */
  get length() {
    return this.#rest.length;
  }

  /** Adds a chunk. Returns {closed, open}: the blocks completed by it, and those that may still change, as Markdown. */
  append(chunk) {
    this.#rest += chunk;
    const lines = this.#rest.split("\n");
    const blocks = readBlocks(this.#rest);
    const closed = blocks.slice(0, countComplete(blocks, lines));
    const end = closed.at(-1)?.to ?? 0;
    const decided = UNDECIDED.test(lines.at(-1) ?? "") ? lines.slice(0, -1) : lines;
    const open = decided.slice(end).join("\n");
    if (closed.length) this.#rest = lines.slice(end).join("\n");
    return { closed: closed.map(({ from, to }) => lines.slice(from, to).join("\n")), open: mendLast(open) };
  }

  /** Ends the text; returns the remaining Markdown. */
  end() {
    const rest = this.#rest;
    this.#rest = "";
    return rest;
  }
}

/** Returns the top-level blocks {type, from, to}: `from` is the first line and `to` the one after the last. */
function readBlocks(text) {
  const tokens = markdown.parse(text, {});
  return tokens.flatMap(({ level, map, nesting, type }) =>
    (level === 0 && map && nesting >= 0 ? [{ type, from: map[0], to: map[1] }] : []));
}

/** Returns the number of blocks that no later text can change. */
function countComplete(blocks, lines) {
  const unfinished = lines.length - 1;
  return blocks.findLastIndex(({ type, to }, at) => {
    // A block after it has two complete lines; only the second one shows whether it is a table.
    if (blocks[at + 1]?.from + 1 < unfinished) return true;
    return !CONTINUES_AFTER_BLANK.has(type) && to < unfinished && !/\S/.test(lines[to]);
  }) + 1;
}

/** Mends the last paragraph or heading, also one within a list or a quote; code stays as it is. */
function mendLast(text) {
  const tokens = markdown.parse(text, {});
  const leaf = tokens.findLast(({ map }) => map);
  const container = tokens.findLast(({ map, type }) => map && type !== "inline");
  if (!leaf?.map || leaf.type !== "inline" || !container || !LEAVES.has(container.type)) return text;
  const lines = text.split("\n");
  const [from] = leaf.map;
  return [...lines.slice(0, from), mend(lines.slice(from).join("\n"))].join("\n");
}
