// Parses Markdown that arrives in chunks, and separates complete blocks from those that may still change.

import { readBlocks } from "./blocks.js";

// A last line that is only a marker so far; rendering it would flicker.
const UNDECIDED = /^[ \t]*(?:#+|[-*+_=]+|>|\d+[.)]?|`+|~+|\|.*)[ \t]*$/;

/** An incremental parser for one text. */
export class MarkdownStream {
  #rest = "";

  /** Adds a chunk. Returns {closed, open}: the blocks completed by it, and those that may still change. */
  append(chunk) {
    this.#rest += chunk;
    const lines = this.#rest.split("\n");
    const blocks = readBlocks(lines);
    const closed = blocks.slice(0, countComplete(blocks, lines));
    const open = UNDECIDED.test(lines.at(-1)) ? readBlocks(lines.slice(0, -1)) : blocks;
    if (closed.length) this.#rest = lines.slice(closed.at(-1).to).join("\n");
    return { closed, open: open.slice(closed.length) };
  }

  /** Ends the text; returns the remaining blocks. */
  end() {
    const blocks = readBlocks(this.#rest.split("\n"));
    this.#rest = "";
    return blocks;
  }
}

/** Returns the number of blocks that no later text can change. */
function countComplete(blocks, lines) {
  const unfinished = lines.length - 1;
  return blocks.findLastIndex(({ type, to }, at) => {
    // A block after it has two complete lines; only the second one shows whether it is a table.
    if (blocks[at + 1]?.from + 1 < unfinished) return true;
    return type !== "list" && to < unfinished && !/\S/.test(lines[to]);   // only a list continues after an empty line
  }) + 1;
}
