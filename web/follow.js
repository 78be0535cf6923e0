// Follows what is being written while the reader is at the end of the page; who reads further up is left alone.

const NEAR_PX = 80;

let atEnd = true;
let due = false;

addEventListener("scroll", () => {
  const { scrollHeight } = document.documentElement;
  atEnd = scrollY + innerHeight > scrollHeight - NEAR_PX;
}, { passive: true });

/** To be called after the page has grown; however often, it scrolls once a frame. */
export function follow() {
  if (!atEnd || due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    if (atEnd) scrollTo(0, document.documentElement.scrollHeight);
  });
}
