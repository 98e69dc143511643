// Messages about the latest action, on the screen and for screen readers.

let timer = null;

/** Shows a short text at the edge of the page; screen readers read it out. */
export function announce(text) {
  const region = document.getElementById("status");
  region.textContent = text;
  region.classList.add("shown");
  clearTimeout(timer);
  timer = setTimeout(() => region.classList.remove("shown"), 6000);
}
