// Closes what is still open at the end of a text that is arriving, so that no marker shows until its other half comes.

const MARKS = /\\[^]|(`+)|(\*+|_+|~~)|(!?\[)|(\])/g;
const SPACE = /^\s*$/;
const WORD = /[\p{L}\p{N}]/u;
const LINK_TARGET = /^\([^()\s]*$/;

/** Returns the last block's text with its unclosed code, emphasis and link closed. Takes time linear in its length. */
export function mend(text) {
  const open = [];       // marks that have no other half yet, innermost last
  const brackets = [];   // positions of "[" without "]"
  /** @type {{from: number, to: number} | null} */
  let label = null;      // {from, to} of the last [label]
  /** @type {{ticks: string, at: number} | null} */
  let code = null;       // {ticks, at} of an unclosed code span
  let end = text.length;
  for (const { 1: ticks, 2: run, 3: bracket, 4: closing, index } of text.matchAll(MARKS)) {
    if (code) {
      if (ticks === code.ticks) code = null;
    } else if (ticks) code = { ticks, at: index };
    else if (run && close(open, run, text[index - 1] ?? " ")) continue;
    else if (run && index + run.length === text.length) end = index;   // half of a mark, or one with nothing in it yet
    else if (run && opens(run, text[index - 1] ?? " ", text[index + run.length])) open.push(run.slice(0, 3));
    else if (bracket) brackets.push(index);
    else if (closing && brackets.length) label = { from: brackets.pop(), to: index };
  }
  if (code) return SPACE.test(text.slice(code.at + code.ticks.length)) ? text.slice(0, code.at) : text + code.ticks;
  return closeMarks(closeLink(text.slice(0, end), brackets, label), open);
}

/** Removes the innermost mark if `run` closes it; returns whether it does. */
function close(open, run, before) {
  const last = open.at(-1);
  if (SPACE.test(before) || last?.[0] !== run[0] || run.length < last.length) return false;
  open.pop();
  return true;
}

const opens = (run, before, after) => !SPACE.test(after) && (run[0] === "*" || !WORD.test(before));

/** Shows a link that isn't complete as its label. */
function closeLink(text, brackets, label) {
  if (label && LINK_TARGET.test(text.slice(label.to + 1))) {
    return withoutBracket(text.slice(0, label.to), label.from);
  }
  const last = brackets.at(-1);
  return last === undefined || text.indexOf("\n", last) >= 0 ? text : withoutBracket(text, last);
}

const withoutBracket = (text, at) => text.slice(0, at) + text.slice(at + (text[at] === "!" ? 2 : 1));

const closeMarks = (text, open) => text.trimEnd() + open.toReversed().join("");
