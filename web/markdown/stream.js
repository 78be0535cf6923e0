// Markdown that arrives in pieces: what can't change any more is told apart from what still may.

import { readBlocks } from "./blocks.js";

// A last line that is no more than the beginning of something else: shown, it would flicker.
const UNDECIDED = /^[ \t]*(?:#+|[-*+_=]+|>|\d+[.)]?|`+|~+|\|.*)[ \t]*$/;

export class MarkdownStream {
  #rest = "";

  /** Adds a piece. Gives {closed, open}: blocks that are done since the last piece, and those that may still grow. */
  append(piece) {
    this.#rest += piece;
    const lines = this.#rest.split("\n");
    const blocks = readBlocks(lines);
    const closed = blocks.slice(0, doneBlocks(blocks, lines));
    const open = UNDECIDED.test(lines.at(-1)) ? readBlocks(lines.slice(0, -1)) : blocks;
    if (closed.length) this.#rest = lines.slice(closed.at(-1).to).join("\n");
    return { closed, open: open.slice(closed.length) };
  }

  /** The blocks that were still open. */
  end() {
    const blocks = readBlocks(this.#rest.split("\n"));
    this.#rest = "";
    return blocks;
  }
}

/** How many blocks can't change any more, whatever comes: of the last line nobody knows yet how it goes on. */
function doneBlocks(blocks, lines) {
  const unfinished = lines.length - 1;
  return blocks.findLastIndex(({ type, to }, at) => {
    // Another block after it, in a line that is whole and followed by one that is: a table shows in its second line.
    if (blocks[at + 1]?.from + 1 < unfinished) return true;
    return type !== "list" && to < unfinished && !/\S/.test(lines[to]);   // after an empty line, only a list goes on
  }) + 1;
}
