// Money arrives and leaves as decimal strings. It is a number only where a length is drawn.

const formats = new Map();

function format(currency, signDisplay) {
  const key = `${currency} ${signDisplay}`;
  if (!formats.has(key)) {
    formats.set(key, new Intl.NumberFormat(undefined, { style: "currency", currency, signDisplay }));
  }
  return formats.get(key);
}

/** "412.36", "USD" → "$412.36". Intl reads the string digit by digit, so no cent is lost to a float. */
export const money = (amount, currency) => format(currency, "auto").format(amount);

/** "3.412", "USD" → "$3.412": what fuel costs a unit is told to a tenth of a cent. */
export const unitPrice = (amount, currency) =>
  new Intl.NumberFormat(undefined, { style: "currency", currency, maximumFractionDigits: 3 }).format(amount);

/** As `money`, without the sign, for words that say the direction. */
export const moneySize = (amount, currency) => format(currency, "never").format(amount);

export const isNegative = (amount) => amount.startsWith("-") && /[1-9]/.test(amount);
export const isZero = (amount) => !/[1-9]/.test(amount);

/** -3.6 → "3.6%" */
export const percentSize = (percent) =>
  new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1, signDisplay: "never" })
    .format(percent / 100);

/**
 * What a person writes as an amount, as the API reads it, or null.
 * "$1,200.5" → "1200.5", "45,50" → "45.50". The sign stays: the API says why it can't be negative.
 */
export function readAmount(written) {
  const text = written.trim().replace(/^([-−]?)\s*[$€£]\s*/u, "$1").replace("−", "-");
  if (/^-?\d{1,3}(,\d{3})+(\.\d+)?$/.test(text)) return text.replaceAll(",", "");
  if (/^-?\d+,\d{1,2}$/.test(text)) return text.replace(",", ".");
  return /^-?(\d+(\.\d+)?|\.\d+)$/.test(text) ? text.replace(/^(-?)\./, "$10.") : null;
}
