// Parses tables: a header row, a delimiter row, and rows.

const DASHES = /^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;

/** Returns whether a table begins here: a header and a delimiter row with as many columns. */
export function startsTable(lines, at) {
  const [head, dashes] = [lines[at], lines[at + 1]];
  if (!dashes?.includes("|") || !head.includes("|") || !DASHES.test(dashes)) return false;
  return cells(head).length === cells(dashes).length;
}

/** Returns [table, the line after it]; `ends(at)` returns whether a line isn't a row any more. */
export function readTable(lines, at, ends) {
  const head = cells(lines[at]);
  let end = at + 2;
  while (end < lines.length && !ends(end)) end += 1;
  const rows = lines.slice(at + 2, end).map((line) => {
    const row = cells(line);
    return head.map((_, column) => row[column] ?? "");
  });
  return [{ type: "table", align: cells(lines[at + 1]).map(alignment), head, rows }, end];
}

/** "| a | b\|c |" → ["a", "b|c"] */
function cells(line) {
  const inner = line.trim().replace(/^\|/, "").replace(/(?<!\\)\|$/, "");
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
}

function alignment(dashes) {
  if (dashes.endsWith(":")) return dashes.startsWith(":") ? "center" : "right";
  return "left";
}
