import { el } from "../dom.js";
import { blockNode } from "../markdown/render.js";
import { MarkdownStream } from "../markdown/stream.js";

/**
 * Creates a view of Markdown that is rendered while it arrives. Complete blocks stay as they are; with each chunk only
 * those that may still change are rendered again. `onBlock(text)` is called for each complete block.
 * Returns {node, append(chunk), end(text?)}; `text` is the final text, if it may differ from the chunks.
 */
export function createMarkdownView(onBlock) {
  const node = el("div", { class: "prose" });
  let stream = new MarkdownStream();
  let openNodes = [];
  let received = "";

  return {
    node,
    append(chunk) {
      received += chunk;
      const { closed, open } = stream.append(chunk);
      render(closed, open);
    },
    end(text = received) {
      if (text !== received) {
        node.replaceChildren();
        [received, openNodes, stream] = [text, [], new MarkdownStream()];
        render(stream.append(text).closed, []);
      }
      render(stream.end(), []);
    },
  };

  function render(closed, open) {
    for (const old of openNodes) old.remove();
    const closedNodes = closed.map((block) => blockNode(block));
    openNodes = open.map((block, index) => blockNode(block, index === open.length - 1));
    node.append(...closedNodes, ...openNodes);
    for (const block of closedNodes) onBlock(block.textContent);
  }
}
