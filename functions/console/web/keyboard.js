// Keyboard shortcuts: / to search, g and a letter to open a section, n for a new row, ? for help. They do nothing while
// the user types.

import { token } from "./api.js";
import { button, h } from "./dom.js";
import { t } from "./i18n.js";

/** Milliseconds within which the letter must follow g. */
const PATIENCE = 1500;

function types(element) {
  return element.closest("input, select, textarea, [contenteditable]") !== null;
}

/** Listens to the keys of the whole page. */
export function watchKeys(sections) {
  let going = 0;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !token()) return;
    if (document.querySelector("dialog[open]")) return;
    if (types(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const section = sections.find(([, key]) => key === event.key);
    if (section && Date.now() - going < PATIENCE) {
      going = 0;
      event.preventDefault();
      location.hash = `#/${section[0]}`;
      return;
    }
    going = event.key === "g" ? Date.now() : 0;
    const target = { "/": "[data-search]", n: "[data-new]" }[event.key];
    const element = target ? document.querySelector(target) : null;
    if (element) {
      event.preventDefault();
      if (event.key === "n") element.click();
      else element.focus();
    } else if (event.key === "?") {
      event.preventDefault();
      openHelp(sections);
    }
  });
}

/** Opens the list of the keyboard shortcuts. */
export function openHelp(sections) {
  const row = (keys, text) =>
    h(
      "div",
      null,
      h(
        "dt",
        null,
        keys.map((key) => h("kbd", null, key)),
      ),
      h("dd", null, text),
    );
  const dialog = h("dialog", { class: "dialog", "aria-labelledby": "help-title" });
  const close = () => dialog.close();
  dialog.append(
    h("h2", { id: "help-title" }, t("help.title")),
    h(
      "dl",
      { class: "keys" },
      row(["/"], t("help.search")),
      row(["n"], t("help.new")),
      sections.map(([name, key]) => row(["g", key], t(`nav.${name}`))),
      row(["Esc"], t("help.escape")),
      row(["?"], t("help.title")),
    ),
    h("div", { class: "actions" }, button(t("action.close"), close, "primary", { autofocus: true })),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
