// The local time of a place, from ISO strings that carry its UTC offset; never converted to the zone of this device.

const OPTIONS = {
  hour: { hour: "numeric" },
  time: { hour: "numeric", minute: "2-digit" },
  weekday: { weekday: "short" },
  date: { weekday: "short", month: "short", day: "numeric" },
};

/** Returns the local date and time of the string as if it were UTC, so that formatting in UTC shows it unchanged. */
const asUtc = (iso) => new Date(iso.length === 10 ? `${iso}T00:00:00Z` : `${iso.slice(0, 16)}:00Z`);

const format = (style, iso) =>
  new Intl.DateTimeFormat(undefined, { ...OPTIONS[style], timeZone: "UTC" }).format(asUtc(iso));

/** Formats the hour at the place: "2026-11-22T14:00+11:00" → "2 PM". */
export const formatPlaceHour = (iso) => format("hour", iso);

/** Formats the time at the place: "2026-11-22T14:05+11:00" → "2:05 PM". */
export const formatPlaceTime = (iso) => format("time", iso);

/** Formats the weekday at the place: "2026-11-22" → "Sun". */
export const formatPlaceWeekday = (iso) => format("weekday", iso);

/** Formats the date at the place: "2026-11-22" → "Sun, Nov 22". */
export const formatPlaceDate = (iso) => format("date", iso);

/** Returns the short name of a time zone at an instant: "America/Denver" → "MST". */
export function zoneAbbreviation(zone, iso) {
  const format = new Intl.DateTimeFormat(undefined, { timeZone: zone, timeZoneName: "short" });
  return format.formatToParts(new Date(iso)).find((part) => part.type === "timeZoneName")?.value;
}
