import { el } from "../dom.js";
import { renderMarked } from "../markdown/marks.js";
import { renderMarkdown } from "../markdown/render.js";
import { MarkdownStream } from "../markdown/stream.js";
import { unverifiedMark } from "./unverified.js";

const LONG_BLOCK = 2000;
const MIN_GROWTH = 0.1;   // of a long block between two renderings, or all of them together take quadratic time

/**
 * Creates a view of Markdown that is rendered while it arrives. Complete blocks stay as they are; with each chunk only
 * those that may still change are rendered again. `onBlock(text)` is called for each complete block.
 * Returns {node, append(chunk), end(text?, unverified?)}; `text` is the final text, if it may differ from the chunks,
 * and `unverified` are the figures to mark in it.
 */
export function createMarkdownView(onBlock) {
  const node = el("div", { class: "prose" });
  const stream = new MarkdownStream();
  let openNodes = [];
  let received = "";
  let waiting = "";

  return {
    node,
    append(chunk) {
      received += chunk;
      waiting += chunk;
      if (stream.length > LONG_BLOCK && waiting.length < MIN_GROWTH * stream.length) return;
      const { closed, open } = stream.append(waiting);
      waiting = "";
      showClosed(closed);
      openNodes = renderMarkdown(open);
      node.append(...openNodes);
    },
    end(text = received, unverified = []) {
      if (text === received) showClosed(stream.append(waiting).closed);
      showClosed(text === received ? [stream.end()] : []);
      // A link whose address is defined below it is known only by now, and so is a text that never arrived.
      const shown = [...node.children];
      const whole = renderMarked(text, unverified, unverifiedMark);
      const blocks = whole.map((block, at) => (shown[at]?.isEqualNode(block) ? shown[at] : block));
      if (blocks.length === shown.length && blocks.every((block, at) => block === shown[at])) return;
      node.replaceChildren(...blocks);
      if (text === received) return;
      for (const block of blocks) if (!shown.includes(block)) onBlock(block.textContent);
    },
  };

  function showClosed(blocks) {
    for (const old of openNodes) old.remove();
    openNodes = [];
    const nodes = blocks.flatMap((block) => renderMarkdown(block));
    node.append(...nodes);
    for (const block of nodes) onBlock(block.textContent);
  }
}
