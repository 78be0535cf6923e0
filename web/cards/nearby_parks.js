import { el } from "../dom.js";
import { phoneLink, websiteLink } from "../links.js";
import { formatQuantity } from "../numbers.js";
import { showMoreButton } from "../show_more.js";
import { card } from "./card.js";

const MAX_SHOWN = 6;

/**
 * Creates the card of places to camp, nearest first.
 * @param {import("../api_types.js").NearbyParks} answer the body of GET /v1/parks
 */
export function nearbyParksCard(answer, { ms }) {
  const { parks, unit } = answer;
  if (!parks.length) {
    const radius = formatQuantity(answer.radius, answer.radius_unit, 1);
    return card({ ...answer, ms }, answer.text,
      el("p", {}, `Nothing was left out: none is known within ${radius}. A wider search may find some.`));
  }
  const items = parks.map((park) => parkItem(park, unit));
  return card({ ...answer, ms }, answer.text,
    el("p", { class: "muted" }, "Nearest first, as the crow flies; by road it is farther."),
    el("div", { class: "chart" },
      el("ol", { class: "parks", "aria-label": "Places to camp" }, ...items),
      parks.length > MAX_SHOWN + 1 && showMoreButton(items.slice(MAX_SHOWN))));
}

const parkItem = ({ name, address, distance, phone, website }, unit) => el("li", {},
  el("p", { class: "park-name" }, name),
  el("p", { class: "park-distance" }, formatQuantity(distance, unit, 1)),
  address && el("p", { class: "muted park-address" }, address),
  (phone || website) && el("p", { class: "park-links" }, phone && phoneLink(phone), website && websiteLink(website)));
