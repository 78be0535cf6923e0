// Amounts of money. They are decimal strings, as in the API; they become numbers only to draw a length.

const formats = new Map();

function currencyFormat(currency, signDisplay) {
  const key = `${currency} ${signDisplay}`;
  if (!formats.has(key)) {
    formats.set(key, new Intl.NumberFormat(undefined, { style: "currency", currency, signDisplay }));
  }
  return formats.get(key);
}

/** Formats an amount: "412.36", "USD" → "$412.36". Intl reads the string exactly, so no float rounds it. */
export const formatMoney = (amount, currency) => currencyFormat(currency, "auto").format(amount);

/** Formats an amount without its sign, for sentences that state the direction in words. */
export const formatMoneyUnsigned = (amount, currency) => currencyFormat(currency, "never").format(amount);

/** Formats the price of a unit, with up to three decimals as fuel is sold: "3.412", "USD" → "$3.412". */
export const formatUnitPrice = (amount, currency) =>
  new Intl.NumberFormat(undefined, { style: "currency", currency, maximumFractionDigits: 3 }).format(amount);

/** Formats a percentage without its sign: -3.6 → "3.6%". */
export const formatPercentUnsigned = (percent) =>
  new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1, signDisplay: "never" })
    .format(percent / 100);

/** Returns whether an amount is below zero. */
export const isNegative = (amount) => amount.startsWith("-") && /[1-9]/.test(amount);

/** Returns whether an amount is zero. */
export const isZero = (amount) => !/[1-9]/.test(amount);
