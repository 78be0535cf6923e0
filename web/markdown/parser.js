// Markdown as CommonMark with tables and strikethrough, parsed by markdown-it. HTML is text, and an image is a link.

import MarkdownIt from "/vendor/markdown-it.js";

const BREAK = /<br *\/?>/iy;
const MAX_NESTING = 24;
const SCHEME = /(?:^|[^\p{L}\p{N}])(https?)$/iu;
const ADDRESS = /:\/\/[^\s<>"`|]{1,2000}/y;
const TRAILING = new Set(".,:;!?'*_~)]");
const COLON = 0x3A;

export const markdown = createParser();

function createParser() {
  const parser = new MarkdownIt({ html: false, breaks: true, maxNesting: MAX_NESTING });
  parser.normalizeLink = parser.normalizeLinkText = (text) => text;   // links.js needs addresses as they were written
  parser.inline.ruler.before("autolink", "break", lineBreak);
  parser.inline.ruler.after("text", "address", address);
  parser.renderer.rules.image = imageLink;
  return parser;
}

/** Reads `<br>`, which models write into cells of tables, as a line break. */
function lineBreak(state, silent) {
  BREAK.lastIndex = state.pos;
  const found = BREAK.exec(state.src);
  if (!found) return false;
  if (!silent) state.push("hardbreak", "br", 0);
  state.pos += found[0].length;
  return true;
}

/**
 * Reads a web address with its scheme as a link. The option `linkify` does this, too, but takes quadratic time
 * for "https://" repeated, and also links names of hosts and files that no scheme makes an address.
 */
function address(state, silent) {
  const { src, pos } = state;
  if (src.charCodeAt(pos) !== COLON || state.linkLevel > 0) return false;
  const scheme = SCHEME.exec(src.slice(Math.max(0, pos - 6), pos))?.[1];
  if (!scheme) return false;
  ADDRESS.lastIndex = pos;
  const found = ADDRESS.exec(src);
  if (!found) return false;
  const url = withoutTrailing(scheme + found[0]);
  if (url.length <= scheme.length + "://".length || !state.pending.endsWith(scheme)) return false;
  if (!silent) {
    state.pending = state.pending.slice(0, -scheme.length);
    state.push("link_open", "a", 1).attrs = [["href", url]];
    state.push("text", "", 0).content = url;
    state.push("link_close", "a", -1);
  }
  state.pos += url.length - scheme.length;
  return true;
}

/** Removes trailing punctuation from an address, except for a bracket that was opened within it. */
function withoutTrailing(url) {
  const opened = url.split("(").length;
  let closed = url.split(")").length;
  let end = url.length;
  while (TRAILING.has(url[end - 1])) {
    if (url[end - 1] === ")" && closed-- <= opened) break;
    end -= 1;
  }
  return url.slice(0, end);
}

/** Renders an image as a link with its description: the page loads nothing from other hosts. */
function imageLink(tokens, at, options, env, renderer) {
  const { attrs, children } = tokens[at];
  const source = attrs.find(([name]) => name === "src")[1];
  const { escapeHtml } = markdown.utils;
  const label = renderer.renderInlineAsText(children, options, env) || source;
  return `<a href="${escapeHtml(source)}">${escapeHtml(label)}</a>`;
}
