// The codes that this tab issued and the user has not saved. They are kept when the user leaves the issue.

import { button, h } from "./dom.js";
import { save, toCsv } from "./csv.js";
import { number, t } from "./i18n.js";
import { inTab, keepInTab } from "./tab.js";

const KEPT = "issued";

/** Returns the rows with their codes, in the order of their issue. */
const unsaved = () => inTab(KEPT) ?? [];

const keep = (rows) => keepInTab(KEPT, rows.length > 0 ? rows : null);

/** Stores issued rows. Returns false if they are too large for the browser's storage. */
export function noteIssued(rows) {
  return keep([...unsaved(), ...rows.map(({ customer, prefix, code }) => ({ customer, prefix, code }))]);
}

/** Offers issued rows to the user as a file. */
export function saveIssued(rows) {
  save("issued_codes.csv", toCsv([["customer_id", "code_prefix", "code"], ...rows.map(fields)]));
  const saved = new Set(rows.map(({ code }) => code));
  keep(unsaved().filter(({ code }) => !saved.has(code)));
}

const fields = ({ customer, prefix, code }) => [customer, prefix, code];

/** Returns the number of codes that are not saved. */
export const unsavedCount = () => unsaved().length;

/** Returns the note about codes that are not saved; null if there are none. */
export function unsavedNote() {
  const rows = unsaved();
  if (rows.length === 0) return null;
  const note = h(
    "div",
    { class: "note", "data-unsaved": rows.length },
    h("p", null, t("issue.unsaved", { count: number(rows.length) })),
  );
  const then = (run) => () => {
    run();
    note.remove();
  };
  note.append(
    h(
      "div",
      { class: "actions" },
      button(
        t("issue.save"),
        then(() => saveIssued(rows)),
      ),
      button(
        t("issue.forget"),
        then(() => keep([])),
        "quiet",
      ),
    ),
  );
  return note;
}
