import { el } from "../dom.js";

/** @type {Intl.DateTimeFormatOptions} */
const TIME = { hour: "numeric", minute: "2-digit" };

/** Creates the link to a file of a frame's `download`, with the time until which it works; null without one. */
export function downloadLink(download) {
  if (!download || !/^https?:/.test(download.href)) return null;
  const until = new Date(download.expires_at).toLocaleTimeString(undefined, TIME);
  return el("span", { class: "download" },
    el("a", { href: download.href, download: download.name, rel: "noreferrer" }, `Download ${download.name}`),
    el("span", { class: "muted" }, ` works until ${until}`));
}
