// Levels: the benefits of customers by their earned points.

import { Change, get, RowChange } from "./api.js";
import { deleteButton } from "./deletion.js";
import { h, linkButton } from "./dom.js";
import { form, numberField, textField, values } from "./forms.js";
import { number, t } from "./i18n.js";
import { page } from "./lists.js";

const PATH = "/api/loyalty/level/";

/** Returns a limit as text; 0 is no limit. */
const limit = (points) => (points === 0 ? t("level.no_limit") : number(points));

const columns = () => [
  { title: t("level.title"), cell: (row) => row.title, kind: "main" },
  { title: t("level.condition_points"), cell: (row) => number(row.condition_points), kind: "number" },
  { title: t("level.gain"), cell: (row) => t("level.gain_value", { extra: row.gain_points }), kind: "number" },
  { title: t("level.sign_points"), cell: (row) => number(row.sign_points), kind: "number" },
  {
    title: t("level.redeem_points"),
    cell: (row) =>
      row.redeem_points === 0 ? t("level.redeem_off") : t("level.redeem_value", { points: number(row.redeem_points) }),
    kind: "number",
  },
  { title: t("level.redeem_limitation"), cell: (row) => limit(row.redeem_limitation), kind: "number" },
  { title: t("level.redeem_limitation_monthly"), cell: (row) => limit(row.redeem_limitation_monthly), kind: "number" },
];

/** Draws the list of levels. */
export async function levels({ title, query, signal }) {
  const heading = title(t("nav.levels"));
  const list = await page({
    path: PATH,
    filters: {},
    query,
    signal,
    caption: t("nav.levels"),
    columns: columns(),
    href: (row) => `#/levels/${row.id}`,
    empty: t("level.none"),
  });
  const create = linkButton(t("level.new"), "#/levels/new", "primary", { "data-new": true });
  return [h("div", { class: "head" }, heading, create), h("p", { class: "lead" }, t("level.lead")), ...list];
}

function fields(level) {
  const value = (name, otherwise) => level?.[name] ?? otherwise;
  return [
    textField("title", t("level.title"), { value: value("title", ""), wide: true, autofocus: !level }),
    ...[
      "condition_points",
      "sign_points",
      "gain_points",
      "redeem_points",
      "redeem_limitation",
      "redeem_limitation_monthly",
    ].map((name) =>
      numberField(name, t(`level.${name}`), {
        value: value(name, 0),
        hint: t(`level.${name}.hint`),
        inputmode: name === "gain_points" ? "decimal" : "numeric",
      }),
    ),
  ];
}

/** Returns the form of a stored or a new level. */
function levelForm(level) {
  const change = new Change();
  const element = form({
    fields: fields(level),
    submit: t(level ? "action.save" : "action.create"),
    cancel: "#/levels",
    label: t("level.form"),
    send: (read) => (level ? saves.save(read) : change.send("POST", PATH, read)),
    done: (saved) => t("done.saved", { name: saved.title }),
    next: () => {
      location.hash = "#/levels";
    },
    extra: level ? deletion(level) : null,
  });
  const saves = level && new RowChange(`${PATH}${level.id}/`, values(element));
  return element;
}

function deletion(level) {
  const ask = () => ({ title: t("level.delete.title", { name: level.title }), lines: [t("level.delete.text")] });
  return deleteButton({ path: `${PATH}${level.id}/`, name: level.title, list: "#/levels", ask, kind: "push" });
}

/** Draws the form of a new level. */
export function newLevel({ title }) {
  return [title(t("level.new")), h("p", { class: "lead" }, t("level.lead")), levelForm(null)];
}

/** Draws a level, with its form and the button that deletes it. */
export async function level({ title, params, signal }) {
  const found = await get(`${PATH}${params.id}/`, signal);
  return [title(found.title), levelForm(found)];
}
