import { el } from "../dom.js";
import { blockNode } from "../markdown/render.js";
import { MarkdownStream } from "../markdown/stream.js";

/**
 * Text that is shown while it is written. A block that is done is never touched again; only the last is made anew with
 * each piece. `onBlock(text)` is called with each block when it is done.
 */
export function prose(onBlock = () => {}) {
  const node = el("div", { class: "prose" });
  let stream = new MarkdownStream();
  let open = [];
  let text = "";

  return {
    node,
    get empty() {
      return !text;
    },
    append(piece) {
      text += piece;
      const { closed, open: growing } = stream.append(piece);
      show(closed, growing);
    },
    /** Ends the text; `whole` is all of it, as whoever wrote it has it. */
    end(whole = text) {
      if (whole !== text) {
        node.replaceChildren();
        [text, open, stream] = [whole, [], new MarkdownStream()];
        show(stream.append(whole).closed, []);
      }
      show(stream.end(), []);
    },
  };

  function show(closed, growing) {
    for (const old of open) old.remove();
    const done = closed.map((block) => blockNode(block));
    open = growing.map((block, at) => blockNode(block, at === growing.length - 1));
    node.append(...done, ...open);
    for (const block of done) onBlock(block.textContent);
  }
}
