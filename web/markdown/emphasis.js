// Matches delimiter runs of * and _ to emphasis; unmatched runs stay text.

const SPACE = /\s/;
const PUNCTUATION = /[\p{P}\p{S}]/u;
const MAX_DEPTH = 24;

/** Collects the spans of a text and resolves its emphasis. */
export class Emphasis {
  // Open delimiters {mark, count, spans}, innermost last; the first one collects the result.
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

  /** Adds a run such as "**"; the characters before and after it decide whether it can open or close. */
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

  /** Returns the spans. With `open`, unclosed emphasis is closed here. */
  end(open) {
    while (this.#open.length > 1) {
      const { mark, count, spans } = this.#open.at(-1);
      if (open && spans.length) this.#close(mark, count);
      else this.#revert();
    }
    return this.#open[0].spans;
  }

  #has(mark) {
    return this.#open.some((one) => one.mark === mark);
  }

  /** Closes the innermost run of this mark; returns the number of marks used, two if both sides have them. */
  #close(mark, count) {
    while (this.#open.at(-1).mark !== mark) this.#revert();
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

  /** Turns the innermost open run back into text. */
  #revert() {
    const { mark, count, spans } = this.#open.pop();
    this.text(mark.repeat(count));
    for (const span of spans) {
      if (typeof span === "string") this.text(span);
      else this.span(span);
    }
  }
}

/** Returns whether a run is left- or right-flanking as CommonMark defines it. */
function flanks(beside, beyond) {
  if (SPACE.test(beside)) return false;
  return !PUNCTUATION.test(beside) || SPACE.test(beyond) || PUNCTUATION.test(beyond);
}
