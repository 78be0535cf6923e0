// The wall time of a place: read off ISO strings that carry its offset, and never moved to the zone of this device.

const styles = {
  hour: { hour: "numeric" },
  time: { hour: "numeric", minute: "2-digit" },
  weekday: { weekday: "short" },
  date: { weekday: "short", month: "short", day: "numeric" },
};

/** The digits of the place's own clock, as if they were UTC. */
const wall = (iso) => new Date(iso.length === 10 ? `${iso}T00:00:00Z` : `${iso.slice(0, 16)}:00Z`);

const format = (style, iso) =>
  new Intl.DateTimeFormat(undefined, { ...styles[style], timeZone: "UTC" }).format(wall(iso));

/** "2026-11-22T14:00+11:00" → "2 PM", wherever this device is. */
export const hourThere = (iso) => format("hour", iso);
export const timeThere = (iso) => format("time", iso);
export const weekdayThere = (iso) => format("weekday", iso);
/** "2026-11-22" → "Sun, Nov 22" */
export const dateThere = (iso) => format("date", iso);

/** "America/Denver" → "MST" at that moment. */
export function zoneThere(zone, iso) {
  const format = new Intl.DateTimeFormat(undefined, { timeZone: zone, timeZoneName: "short" });
  return format.formatToParts(new Date(iso)).find((part) => part.type === "timeZoneName").value;
}
