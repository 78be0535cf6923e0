// Parses Markdown within a block: emphasis, code, links, line breaks; in one pass from left to right.

import { Emphasis } from "./emphasis.js";

const MARKS = /\\|`+|\*+|_+|!?\[|<|https?:\/\/|\n/g;
const PUNCTUATION = /[!-/:-@[-`{-~]/;
const LABEL = /((?:\\.|\[[^[\]]*\]|[^[\]\\])*)/;
const ADDRESS = /(<[^<>\n]*>|[^\s()]*(?:\([^\s()]*\)[^\s()]*)*)/;
const TITLE = /(?:\s+(?:"[^"]*"|'[^']*'))?/;
const LINK = new RegExp(`!?\\[${LABEL.source}\\]\\(\\s*${ADDRESS.source}${TITLE.source}\\s*\\)`, "y");
const BEGUN_LINK = /!?\[([^[\]]*)(?:\](?:\([^()\s]*)?)?$/y;
const ANGLED = /<(https?:\/\/[^\s<>]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+)>/y;
const BREAK = /<br\s*\/?>/iy;
const BARE = /https?:\/\/[^\s<>"`|]+/y;
const TRAILING = new Set(".,:;!?'*_)]");

/**
 * Parses a text into spans: strings, and {type, …}: strong {spans} · em {spans} · code {text} · break ·
 * link {href, spans}, with an unchecked address. An image becomes a link.
 * `open`: more text is to come, so unclosed spans are treated as closed.
 */
export function readSpans(text, { open = false, links = true } = {}) {
  const emphasis = new Emphasis();
  const matched = (pattern, at) => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  const readers = {
    "\\": escape, "`": code, "*": run, _: run, "[": link, "!": link, "<": angled, h: bare, "\n": newline,
  };
  let at = 0;
  while (at < text.length) {
    const mark = matched(MARKS, at);
    emphasis.text(text.slice(at, mark?.index));
    if (!mark) break;
    at = readers[mark[0][0]](mark[0], mark.index);
  }
  return emphasis.end(open);

  // Each reader adds the span that begins at its mark and returns the position after it.

  function literal(mark, from) {
    emphasis.text(mark);
    return from + mark.length;
  }

  function escape(mark, from) {
    const next = text[from + 1] ?? "";
    if (next === "\n") return newline(mark, from + 1);
    if (!PUNCTUATION.test(next)) return literal(mark, from);
    emphasis.text(next);
    return from + 2;
  }

  function newline(_mark, from) {
    emphasis.span({ type: "break" });
    return from + 1;
  }

  function code(ticks, from) {
    const inside = from + ticks.length;
    let end = text.indexOf(ticks, inside);
    while (end >= 0 && (text[end + ticks.length] === "`" || text[end - 1] === "`")) {
      end = text.indexOf(ticks, end + 1);
    }
    if (end < 0 && !open) return literal(ticks, from);
    const inner = text.slice(inside, end < 0 ? undefined : end).replaceAll("\n", " ");
    emphasis.span({ type: "code", text: /^ .*[^ ].* $/.test(inner) ? inner.slice(1, -1) : inner });
    return end < 0 ? text.length : end + ticks.length;
  }

  function run(marks, from) {
    emphasis.run(marks, text[from - 1] ?? " ", text[from + marks.length] ?? " ");
    return from + marks.length;
  }

  function link(mark, from) {
    const whole = links && matched(LINK, from);
    if (whole) {
      const [all, label, address] = whole;
      const href = address.replace(/^<(.*)>$/, "$1").replace(/\\([!-/:-@[-`{-~])/g, "$1");
      emphasis.span({ type: "link", href, spans: readSpans(label || href, { links: false }) });
      return from + all.length;
    }
    const begun = links && open && matched(BEGUN_LINK, from);
    if (!begun) return literal(mark, from);
    emphasis.text(begun[1]);
    return text.length;
  }

  function angled(mark, from) {
    const address = links && matched(ANGLED, from);
    if (address) {
      const href = address[1].includes("://") ? address[1] : `mailto:${address[1]}`;
      emphasis.span({ type: "link", href, spans: [address[1]] });
      return from + address[0].length;
    }
    const lineBreak = matched(BREAK, from);
    if (!lineBreak) return literal(mark, from);
    return newline(mark, from + lineBreak[0].length - 1);
  }

  function bare(mark, from) {
    const found = matched(BARE, from);
    if (!found || !links) return literal(mark, from);
    if (open && from + found[0].length === text.length) return literal(found[0], from);
    const href = trimmed(found[0]);
    emphasis.span({ type: "link", href, spans: [href] });
    return from + href.length;
  }
}

/** Removes trailing punctuation from an address, except for a bracket that was opened within it. */
function trimmed(address) {
  const opened = address.split("(").length;
  let closed = address.split(")").length;
  let end = address.length;
  while (TRAILING.has(address[end - 1])) {
    if (address[end - 1] === ")" && closed-- <= opened) break;
    end -= 1;
  }
  return address.slice(0, end);
}
