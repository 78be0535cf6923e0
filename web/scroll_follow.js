// Keeps the end of the page in view while an answer grows, unless the user has scrolled up.

const END_THRESHOLD_PX = 80;

let atEnd = true;
let scheduled = false;

addEventListener("scroll", () => {
  const { scrollHeight } = document.documentElement;
  atEnd = scrollY + innerHeight > scrollHeight - END_THRESHOLD_PX;
}, { passive: true });

/** Scrolls to the end of the page, at most once a frame, if the user was there. Call it when the page has grown. */
export function followScroll() {
  if (!atEnd || scheduled) return;
  scheduled = true;
  requestAnimationFrame(() => {
    scheduled = false;
    if (atEnd) scrollTo(0, document.documentElement.scrollHeight);
  });
}
