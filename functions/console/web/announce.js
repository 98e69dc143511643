// What has just happened, for eyes and ears.

let timer = null;

/** Shows a short text at the edge of the page and has screen readers say it. */
export function announce(text) {
  const region = document.getElementById("status");
  region.textContent = text;
  region.classList.add("shown");
  clearTimeout(timer);
  timer = setTimeout(() => region.classList.remove("shown"), 6000);
}
