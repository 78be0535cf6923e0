// Interprets the compiled automaton over one sentence: a line-by-line port of pam/routing/interpreter.py.
// The page uses it only to predict the channel and the skeleton; the server routes again and decides.

const MAX_CHARACTERS = 200;
const MAX_TOKENS = 32;
const MAX_AMOUNT = 999_999.99;
const MAX_PLACE_WORDS = 5;
const ANY_NUMBER = "0";
const DOLLARS = ["$", "dollars"]; // the marks of a dollar of no certain currency
const DECIMAL_COMMA = ["EUR", "NOK", "SEK", "DKK", "kr"];
const DECIMALS = ["whole", "tenths", "cents", "mills"];

const firstKey = (word) => (/^[0-9]/.test(word) ? ANY_NUMBER : word);
const has = Object.hasOwn; // not `in`: "constructor" is a word of a sentence, and a property of every object
const chat = () => ({ tier: 3, intent: "chat", slots: {}, details: {} });

/**
 * Creates the function route(text) → {tier, intent, slots} for a parsed automaton.json; route.whole(text) returns
 * `details` too.
 */
export function createRouter(automaton) {
  const { characters, spellings, numbers, months, lists, tiers, states } = automaton;
  const { currency_signs: signs, currency_units: units, place_words: placeWords } = automaton;
  const tokenPattern = new RegExp(automaton.patterns.token, "g");
  const [amountPattern, decimalCommaPattern, integerPattern, isoPattern, placePattern] = [
    "amount",
    "decimal_comma",
    "integer",
    "iso_date",
    "place_word",
  ].map((name) => new RegExp(automaton.patterns[name]));
  const firsts = new Map();

  function whole(text) {
    const tokens = tokenise(text);
    const readings = new Map();
    for (const [end, slots, accepts] of run(0, tokens, 0, new Map())) {
      for (const [intent, constants] of end === tokens.length ? accepts : []) {
        const reading = [...slots, ...constants].sort(([a], [b]) => (a < b ? -1 : 1));
        readings.set(JSON.stringify([intent, reading]), [intent, reading, ...rank(reading)]);
      }
    }
    const [best, second] = [...readings.values()].sort((a, b) => a[2] - b[2] || b[3] - a[3]);
    const isTie = second && best[2] === second[2] && best[3] === second[3];
    if (!best || isTie) return chat();
    const [intent, pairs] = best;
    const isDetail = ([slot]) => automaton.details.includes(slot);
    const slots = Object.fromEntries(pairs.filter((pair) => !isDetail(pair)));
    return { tier: tiers[intent], intent, slots, details: Object.fromEntries(pairs.filter(isDetail)) };
  }

  // Sort key: fewest words in free-text slots, then most slots.
  function rank(reading) {
    const free = reading.filter(([slot, value]) => automaton.place_slots.includes(slot) && value !== "here");
    return [free.reduce((sum, [, value]) => sum + value.split(" ").length, 0), reading.length];
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

  // Returns each [end, slots, accepts] that the automaton reaches from a state and a token.
  function run(start, tokens, at, memo) {
    const found = [];
    const frontiers = new Map();
    const add = (end, state, slots) => {
      if (!frontiers.has(end)) frontiers.set(end, new Map());
      frontiers.get(end).set(JSON.stringify([state, slots]), [state, slots]);
    };
    for (add(at, start, []); frontiers.size; at += 1) {
      const frontier = frontiers.get(at) ?? new Map();
      frontiers.delete(at);
      for (const [state, slots] of frontier.values()) {
        const [words, calls, accepts] = states[state];
        if (accepts.length) found.push([at, slots, accepts]);
        if (at === tokens.length) continue;
        if (has(words, tokens[at])) add(at + 1, words[tokens[at]], slots);
        for (const [which, slot, to] of calls) {
          if (!begins(which, slot, tokens[at])) continue;
          for (const [end, pairs] of call(which, slot, tokens, at, memo)) {
            const both = [...slots, ...pairs];
            if (new Set(both.map(([name]) => name)).size === both.length) add(end, to, both);
          }
        }
      }
    }
    return found;
  }

  // Returns the matches of a list or sub-automaton at a token, memoised.
  function call(which, slot, tokens, at, memo) {
    const key = `${which} ${slot} ${at}`;
    if (!memo.has(key)) {
      const matches = slot
        ? match(which, tokens, at).map(([end, value, more]) => [end, [[slot, value], ...more]])
        : run(which, tokens, at, memo).filter(([end]) => end > at);
      memo.set(key, matches);
    }
    return memo.get(key);
  }

  // Returns whether a list or sub-automaton can start with a word; this rules out most calls.
  function begins(which, slot, word) {
    if (!firsts.has(which)) firsts.set(which, first(which, slot));
    return firsts.get(which)?.has(firstKey(word)) ?? true;
  }

  function first(which, slot) {
    if (slot) {
      const { type, trie } = lists[which];
      const number = [ANY_NUMBER, ...Object.keys(numbers[1])];
      if (type === "phrases") return new Set([...Object.keys(trie[1]).map(firstKey), ...(trie[2] ? number : [])]);
      if (type === "amount") return new Set([...number, ...Object.keys(signs)]);
      return type === "date" ? new Set([ANY_NUMBER, ...Object.keys(months)]) : null;
    }
    const [words, calls] = states[which];
    const inner = calls.map(([name, itsSlot]) => first(name, itsSlot));
    if (inner.includes(null)) return null;
    return new Set([...Object.keys(words).map(firstKey), ...inner.flatMap((set) => [...set])]);
  }

  function match(name, tokens, at) {
    const { type, forms, from, trie, text_slot: textSlot } = lists[name];
    if (type === "amount") return amounts(tokens, at, forms, from);
    if (type === "date") return dates(tokens, at);
    if (type === "place") return places(tokens, at);
    return walk(trie, tokens, at).map(([end, value]) => {
      return [end, value, textSlot ? [[textSlot, tokens.slice(at, end).join(" ")]] : []];
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
    const hasDecimalComma = decimalCommaPattern.test(tokens[start]);
    const written = hasDecimalComma || amountPattern.test(tokens[start]);
    const digits = hasDecimalComma
      ? tokens[start].replaceAll(".", "").replace(",", ".")
      : tokens[start].replaceAll(",", "");
    const read = written ? [[start + 1, Number(digits)]] : walk(numbers, tokens, start);
    const form = written ? DECIMALS[(digits.split(".")[1] ?? "").length] : "whole";
    const isSeparated = hasDecimalComma || (written && digits !== tokens[start] && !digits.includes("."));
    const separated = isSeparated && forms.includes("sign") ? tokens[start] : "";
    if (form === "mills" && !forms.includes(form)) return [];
    const plain = sign ? "sign" : form;
    const found = [];
    for (const [end, value] of read) {
      if (value < Math.max(least, 0.01) || value > MAX_AMOUNT) continue;
      const isRead = (mark) => !hasDecimalComma || DECIMAL_COMMA.includes(mark);
      if (forms.includes(plain) && isRead(sign)) found.push([end, value, amountDetails(sign, sign, separated)]);
      for (const [stop, unit] of walk(units, tokens, end)) {
        const areDollars = [sign, unit].every((mark) => DOLLARS.includes(mark) || mark.endsWith("D"));
        const fits = !sign || sign === unit || (areDollars && (DOLLARS.includes(sign) || DOLLARS.includes(unit)));
        if (!fits || !isRead(unit) || !forms.includes(sign ? plain : "unit")) continue;
        found.push([stop, value, amountDetails(sign, unit, separated)]);
      }
    }
    return found;
  }

  function places(tokens, at) {
    const found = [];
    let named = false;
    for (let end = at + 1; end <= Math.min(at + MAX_PLACE_WORDS, tokens.length); end += 1) {
      const word = tokens[end - 1];
      const kind = has(placeWords, word) ? placeWords[word] : "name";
      const first = end === at + 1;
      if (kind === "never" || (first && ["inside", "last"].includes(kind)) || !placePattern.test(word)) break;
      named ||= kind === "name";
      if (named && kind !== "inside" && !word.endsWith("'s")) found.push([end, tokens.slice(at, end).join(" "), []]);
      if (kind === "last") break;
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

  const route = (text) => {
    const { tier, intent, slots } = whole(text);
    return { tier, intent, slots };
  };
  return Object.assign(route, { whole });
}

function amountDetails(sign, unit, separated) {
  const mark = DOLLARS.includes(unit) && !["", "$"].includes(sign) ? sign : unit;
  const details = mark ? [["currency", mark]] : [];
  return separated ? [["amount_text", separated], ...details] : details;
}

function isDate(year, month, day) {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1];
}
