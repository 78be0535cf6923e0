// Runs the compiled automaton over one sentence: the twin of pam/routing/interpreter.py, line by line.
// Here it only picks the channel and the skeleton to draw; the server routes again and decides.

const MAX_CHARACTERS = 200;
const MAX_TOKENS = 32;
const MAX_AMOUNT = 999_999.99;

const has = Object.hasOwn; // "constructor" is a word, not an edge
const chat = () => ({ tier: 3, intent: "chat", slots: {} });

/** The function route(text) → {tier, intent, slots} over a parsed automaton.json. */
export function createRouter(automaton) {
  const { characters, spellings, numbers, months, lists, tiers, states } = automaton;
  const { currency_signs: signs, currency_units: units } = automaton;
  const tokenPattern = new RegExp(automaton.patterns.token, "g");
  const [amountPattern, integerPattern, isoPattern] = ["amount", "integer", "iso_date"].map(
    (name) => new RegExp(automaton.patterns[name]),
  );

  function route(text) {
    const tokens = tokenise(text);
    const readings = new Map();
    for (const [state, slots] of explore(tokens).at(-1).values()) {
      for (const [intent, constants] of states[state][2]) {
        const reading = [...slots, ...constants].sort(([a], [b]) => (a < b ? -1 : 1));
        readings.set(JSON.stringify([intent, reading]), [intent, reading]);
      }
    }
    const most = Math.max(0, ...[...readings.values()].map(([, reading]) => reading.length));
    const best = [...readings.values()].filter(([, reading]) => reading.length === most);
    if (best.length !== 1) return chat();
    const [intent, slots] = best[0];
    return { tier: tiers[intent], intent, slots: Object.fromEntries(slots) };
  }

  function tokenise(text) {
    if (text.length > MAX_CHARACTERS) return [];
    let plain = "";
    for (const character of text) plain += has(characters, character) ? characters[character] : character;
    const tokens = [];
    for (const [, token] of plain.matchAll(tokenPattern)) {
      if (token && has(spellings, token)) tokens.push(...spellings[token]);
      else if (token) tokens.push(token);
    }
    return tokens.length <= MAX_TOKENS ? tokens : [];
  }

  function explore(tokens) {
    const frontiers = Array.from({ length: tokens.length + 1 }, () => new Map());
    const add = (at, state, slots) => frontiers[at].set(JSON.stringify([state, slots]), [state, slots]);
    add(0, 0, []);
    tokens.forEach((token, at) => {
      const matches = {};
      for (const [state, slots] of frontiers[at].values()) {
        const [words, calls] = states[state];
        if (has(words, token)) add(at + 1, words[token], slots);
        for (const [which, slot, to] of calls) {
          matches[which] ??= match(lists[which], tokens, at);
          for (const [end, value, more] of matches[which]) {
            const pairs = [...slots, [slot, value], ...more];
            if (new Set(pairs.map(([name]) => name)).size === pairs.length) add(end, to, pairs);
          }
        }
      }
    });
    return frontiers;
  }

  function match(entries, tokens, at) {
    if (entries.forms) return amounts(tokens, at, entries.forms, entries.from);
    if (!entries.trie) return dates(tokens, at);
    const { trie, said } = entries;
    return walk(trie, tokens, at).map(([end, value]) => {
      return [end, value, said ? [[said, tokens.slice(at, end).join(" ")]] : []];
    });
  }

  function walk(node, tokens, at, n = 0) {
    const found = [];
    for (;;) {
      const [value, words, afterInteger] = node;
      if (Array.isArray(value)) found.push([at, `${value[0]}${value[1] * n}${value[2]}`]);
      else if (value !== null) found.push([at, value]);
      if (at === tokens.length) return found;
      if (afterInteger) {
        for (const [end, integer] of integers(tokens, at)) found.push(...walk(afterInteger, tokens, end, integer));
      }
      if (!has(words, tokens[at])) return found;
      node = words[tokens[at++]];
    }
  }

  function integers(tokens, at) {
    return integerPattern.test(tokens[at]) ? [[at + 1, Number(tokens[at])]] : walk(numbers, tokens, at);
  }

  function amounts(tokens, at, forms, least) {
    const sign = has(signs, tokens[at]) ? signs[tokens[at]] : "";
    const start = sign ? at + 1 : at;
    if (start === tokens.length) return [];
    const written = amountPattern.test(tokens[start]);
    const read = written ? [[start + 1, Number(tokens[start].replaceAll(",", ""))]] : walk(numbers, tokens, start);
    const plain = sign ? "sign" : tokens[start].at(-3) === "." ? "cents" : "bare";
    const found = [];
    for (const [end, value] of read) {
      if (value < Math.max(least, 0.01) || value > MAX_AMOUNT) continue;
      if (forms.includes(plain)) found.push([end, value, currency(sign, sign)]);
      for (const [stop, unit] of walk(units, tokens, end)) {
        const dollars = "$D".includes(sign.at(-1)) && "$D".includes(unit.at(-1)) && (sign === "$" || unit === "$");
        const fits = !sign || sign === unit || dollars;
        if (fits && forms.includes(sign ? plain : "unit")) found.push([stop, value, currency(sign, unit)]);
      }
    }
    return found;
  }

  function dates(tokens, at) {
    if (isoPattern.test(tokens[at])) {
      return isDate(...tokens[at].split("-").map(Number)) ? [[at + 1, tokens[at], []]] : [];
    }
    let [month, day, end] = [0, 0, at];
    while (end < tokens.length && !(month && day)) {
      if (!month && has(months, tokens[end])) month = months[tokens[end]];
      else if (!day && integerPattern.test(tokens[end])) {
        day = Number(tokens[end]);
        if (["st", "nd", "rd", "th"].includes(tokens[end + 1])) end += 1;
      } else if (!day || tokens[end] !== "of") return [];
      end += 1;
    }
    const [mm, dd] = [month, day].map((part) => String(part).padStart(2, "0"));
    const found = isDate(2000, month, day) ? [[end, `${mm}-${dd}`, []]] : [];
    const year = tokens[end] ?? "";
    if (/^20[0-9][0-9]$/.test(year) && isDate(Number(year), month, day)) {
      found.push([end + 1, `${year}-${mm}-${dd}`, []]);
    }
    return found;
  }

  return route;
}

function currency(sign, unit) {
  const code = unit === "$" && sign ? sign : unit;
  return code === "" || code === "$" ? [] : [["currency", code]];
}

function isDate(year, month, day) {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1];
}
