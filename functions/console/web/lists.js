// Lists: a page of rows as a table, with the exact count and the page numbers of the API.

import { get, query as withQuery } from "./api.js";
import { freshId, h, linkButton, replace } from "./dom.js";
import { errorBox } from "./errors.js";
import { number, t } from "./i18n.js";

const SIZE = 20;

/**
 * Returns a table. `columns` are `{title, cell, kind}`. On a narrow screen each row is a card with the titles beside
 * the cells.
 */
export function table({ caption, columns, rows, href, empty }) {
  if (rows.length === 0) return h("p", { class: "empty" }, empty ?? t("list.empty"));
  const body = rows.map((row) => {
    const cells = columns.map(({ title, cell, kind }, index) => {
      const content = cell(row);
      const linked = index === 0 && href ? h("a", { href: href(row) }, content) : content;
      return h("td", { "data-title": title, class: kind }, h("div", null, linked));
    });
    return h("tr", { class: href ? "linked" : null }, cells);
  });
  return h(
    "div",
    { class: "table" },
    h(
      "table",
      null,
      h("caption", { class: "unseen" }, caption),
      h(
        "thead",
        null,
        h(
          "tr",
          null,
          columns.map(({ title, kind }) => h("th", { scope: "col", class: kind }, title)),
        ),
      ),
      h("tbody", null, body),
    ),
  );
}

/**
 * Returns the position in a list, and the buttons to other pages. `go` gets a page number; without it pages are links.
 */
export function pager({ page, count, size = SIZE, go, query, caption }) {
  const last = Math.max(1, Math.ceil(count / size));
  if (last === 1)
    return h(
      "p",
      { class: "pager", "data-count": count },
      count > 0 ? t("list.count", { count: number(count) }) : null,
    );
  const step = (to, label, rel) => {
    if (to < 1 || to > last) return h("span", { class: "button quiet off", "aria-hidden": "true" }, label);
    if (go) return h("button", { type: "button", class: "button quiet", onclick: () => go(to) }, label);
    return linkButton(label, addressOf({ ...query, page: to > 1 ? to : "" }), "quiet", { rel });
  };
  return h(
    "nav",
    { class: "pager", "data-count": count, "aria-label": caption ? `${caption}: ${t("list.pages")}` : t("list.pages") },
    step(page - 1, t("list.previous"), "prev"),
    h("span", null, t("list.position", { page: number(page), last: number(last), count: number(count) })),
    step(page + 1, t("list.next"), "next"),
  );
}

/** Returns the address of this view with other filters. */
export function addressOf(query) {
  return withQuery(location.hash.split("?")[0], query);
}

/** Returns the filter form of a list. Sending it changes the address, and so the view. */
export function filters({ fields, label, query, reset = true }) {
  const element = h(
    "form",
    { class: "filters", role: "search", "aria-label": label, novalidate: true },
    fields,
    h("button", { type: "submit", class: "button" }, t("action.search")),
    reset && Object.keys(query).length > 0 ? linkButton(t("action.reset"), location.hash.split("?")[0], "quiet") : null,
  );
  const send = () => {
    const values = Object.fromEntries([...new FormData(element)].map(([name, value]) => [name, value.trim()]));
    const to = addressOf(values);
    if (to === location.hash) window.dispatchEvent(new HashChangeEvent("hashchange"));
    else location.hash = to;
  };
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  element.addEventListener("change", (event) => {
    if (event.target.tagName === "SELECT") send();
  });
  return element;
}

/** Returns one field of a filter form. */
export function filter(name, label, { value = "", search, choices, ...more } = {}) {
  const marks = { name, "data-search": search, ...more };
  const control = choices
    ? h(
        "select",
        marks,
        choices.map(([key, text]) => h("option", { value: key, selected: key === value }, text)),
      )
    : h("input", { type: search ? "search" : "text", value, autocomplete: "off", ...marks });
  const id = freshId("filter");
  control.setAttribute("aria-describedby", id);
  return h(
    "div",
    { class: "filter" },
    h("label", null, h("span", null, label), control),
    h("p", { class: "field-error", id, "data-error": name }),
  );
}

/**
 * Returns the page of a list that the address names, as a table with a pager. `columns` may be a function of the rows.
 */
export async function page({ path, filters: asked, query, signal, columns, ...rest }) {
  const at = Math.max(1, Math.floor(Number(query.page)) || 1);
  const read = (nth) => get(withQuery(path, { ...asked, page: nth > 1 ? nth : "", page_size: SIZE }), signal);
  const found = await read(at).catch(async (error) => {
    if (error.status !== 404 || at === 1) throw error;
    // The list became shorter, so its last page is shown.
    const { count } = await read(1);
    location.replace(addressOf({ ...query, page: Math.max(1, Math.ceil(count / SIZE)) }));
    throw new DOMException("", "AbortError");
  });
  return [
    table({ rows: found.results, columns: Array.isArray(columns) ? columns : await columns(found.results), ...rest }),
    pager({ page: at, count: found.count, query, caption: rest.caption }),
  ];
}

/** Returns a list inside a view that turns its own pages. */
export function paged({ path, filters: asked, signal, size = 10, ...rest }) {
  const box = h("div", { class: "paged", "aria-live": "polite" }, h("p", { class: "waiting" }, t("list.waiting")));
  const go = async (at) => {
    box.setAttribute("aria-busy", "true");
    try {
      const found = await get(withQuery(path, { ...asked, page: at, page_size: size }), signal);
      replace(
        box,
        table({ rows: found.results, ...rest }),
        pager({ page: at, count: found.count, size, go, caption: rest.caption }),
      );
    } catch (error) {
      if (error.status === 404 && at > 1) return go(1);
      if (error.name !== "AbortError")
        replace(
          box,
          errorBox(error, () => go(at)),
        );
    }
    box.removeAttribute("aria-busy");
  };
  go(1);
  return box;
}
