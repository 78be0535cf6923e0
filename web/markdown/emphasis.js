// Emphasis: runs of * and _ that open and close. Those that match nothing stay as they are written.

const SPACE = /\s/;
const PUNCTUATION = /[\p{P}\p{S}]/u;
const MAX_DEPTH = 24;

export class Emphasis {
  // What is open, innermost last. The first one is the text itself; the others are {mark, count, spans}.
  #open = [{ mark: "", count: 0, spans: [] }];

  text(text) {
    const { spans } = this.#open.at(-1);
    if (!text) return;
    if (typeof spans.at(-1) === "string") spans.push(spans.pop() + text);
    else spans.push(text);
  }

  span(span) {
    this.#open.at(-1).spans.push(span);
  }

  /** A run such as "**", and the characters before and after it, which decide what it can do. */
  run(marks, before, after) {
    const [mark] = marks;
    const opens = flanks(after, before) && (mark === "*" || !flanks(before, after) || PUNCTUATION.test(before));
    const closes = flanks(before, after) && (mark === "*" || !flanks(after, before) || PUNCTUATION.test(after));
    let count = marks.length;
    while (closes && count && this.#has(mark)) count -= this.#close(mark, count);
    if (!count) return;
    if (opens && this.#open.length <= MAX_DEPTH) this.#open.push({ mark, count, spans: [] });
    else this.text(mark.repeat(count));
  }

  /** The spans of all that was added. With `open`, what is still open ends here. */
  end(open) {
    while (this.#open.length > 1) {
      const { mark, count, spans } = this.#open.at(-1);
      if (open && spans.length) this.#close(mark, count);
      else this.#giveUp();
    }
    return this.#open[0].spans;
  }

  #has(mark) {
    return this.#open.some((one) => one.mark === mark);
  }

  /** Closes the innermost run of this mark, with two of its marks if both sides have them; gives how many. */
  #close(mark, count) {
    while (this.#open.at(-1).mark !== mark) this.#giveUp();
    const opened = this.#open.at(-1);
    const used = Math.min(2, count, opened.count);
    const span = { type: used === 2 ? "strong" : "em", spans: opened.spans };
    opened.count -= used;
    opened.spans = [span];
    if (opened.count) return used;
    this.#open.pop();
    this.span(span);
    return used;
  }

  /** The innermost run opened nothing after all. */
  #giveUp() {
    const { mark, count, spans } = this.#open.pop();
    this.text(mark.repeat(count));
    for (const span of spans) {
      if (typeof span === "string") this.text(span);
      else this.span(span);
    }
  }
}

/** Whether a run stands right beside this character, and not between two words: CommonMark's left and right flanks. */
function flanks(beside, beyond) {
  if (SPACE.test(beside)) return false;
  return !PUNCTUATION.test(beside) || SPACE.test(beyond) || PUNCTUATION.test(beyond);
}
