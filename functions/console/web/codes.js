// Codes: found by what they are, and taken home as a file.

import { announce } from "./announce.js";
import { get, query as withQuery, walk } from "./api.js";
import { button, h, linkButton, replace } from "./dom.js";
import { columns } from "./code.js";
import { search } from "./customers.js";
import { save, toCsv } from "./csv.js";
import { errorBox, showErrors } from "./errors.js";
import { plainNumber } from "./forms.js";
import { number, t } from "./i18n.js";
import { addressOf, filter, filters, page, pager, table } from "./lists.js";

const PATH = "/api/discounts/coupon_code/";
const STATUSES = ["unused", "available", "used", "expired"];

/** The coupon that has this prefix, or null. */
export async function couponOf(prefix, signal) {
  const { results } = await get(withQuery("/api/discounts/coupon/", { code_prefix: prefix }), signal);
  return results[0] ?? null;
}

/** The ids of the customers who have this mobile number; what is none's stays as it is. */
async function customersOf(text, signal) {
  if (!/^[+\d][\d\s-]{10,}$/.test(text)) return [text];
  const found = await search(text, signal).catch((error) => {
    if (error.status === 403) return [];
    throw error;
  });
  return found.length > 0 ? found.map(({ id }) => id) : [text];
}

/** A code by its text, as it may have been read out, or by its id: digits may be either. */
async function named(code, signal) {
  if (!code) return {};
  const isText = { code__in: [...new Set([code, code.normalize("NFKC").replace(/\s/g, "")])].join(",") };
  if (!/^\d{1,16}$/.test(code)) return isText;
  const { count } = await get(withQuery(PATH, { ...isText, page_size: 1 }), signal);
  return count > 0 ? isText : { id: code };
}

/** What the API is asked for, of whose codes; null where a prefix is no coupon's, which no code can match. */
async function asked(query, signal) {
  const { code, status } = query;
  const prefix = query.prefix?.normalize("NFKC");
  const coupon = prefix ? await couponOf(prefix, signal) : null;
  if (prefix && !coupon) return null;
  const customers = await customersOf(plainNumber(query.customer ?? ""), signal);
  return { filters: { ...(await named(code, signal)), status, customer: customers[0], coupon: coupon?.id }, customers };
}

/** The fields of an exported row. */
const EXPORTED = [
  "id",
  "code",
  "status",
  "customer_id",
  "mobile",
  "coupon_id",
  "code_prefix",
  "title",
  "verbose_title",
  "created_at",
  "used_at",
  "starts_at",
  "ends_at",
];

function exported(row) {
  const all = { ...row, mobile: row.customer?.mobile, code_prefix: row.coupon?.code_prefix };
  return EXPORTED.map((name) => all[name] ?? "");
}

/** Writes all that the filters select into a file, page by page. */
function exporter(selected, count, signal) {
  const box = h("div", { class: "export" });
  const run = async () => {
    const stop = new AbortController();
    signal.addEventListener("abort", () => stop.abort());
    const bar = h("progress", { max: Math.max(1, count), value: 0, "aria-label": t("export.running") });
    replace(
      box,
      bar,
      button(t("action.stop"), () => stop.abort(), "quiet"),
    );
    const rows = [];
    try {
      await walk(PATH, selected, {
        signal: stop.signal,
        each: (results) => {
          rows.push(...results.map(exported));
          bar.value = rows.length;
        },
      });
      save("coupon_codes.csv", toCsv([EXPORTED, ...rows]));
      announce(t("export.done", { count: number(rows.length) }));
      replace(box, start());
    } catch (error) {
      replace(box, start(), error.name === "AbortError" ? null : errorBox(error));
    }
  };
  const start = () => button(t("export.start", { count: number(count) }), run, "", { "data-export": true });
  replace(box, start());
  return box;
}

/** What is said where no code is found. */
function emptyText({ code, customer }) {
  if (customer) return t("code.none_of", { customer });
  return code && !/^\d+$/.test(code) ? t("code.not_found", { code }) : null;
}

/** Codes by text or id, status, customer and coupon. */
export async function codes({ title, query, signal }) {
  const heading = title(t("nav.codes"));
  const choices = [["", t("status.any")], ...STATUSES.map((status) => [status, t(`status.${status}`)])];
  const form = filters({
    label: t("nav.codes"),
    query,
    fields: [
      filter("prefix", t("code.coupon_prefix"), { value: query.prefix, search: true, autocapitalize: "none" }),
      filter("status", t("code.status"), { value: query.status, choices }),
      filter("customer", t("code.customer_search"), { value: query.customer, inputmode: "tel" }),
      filter("code", t("code.code"), { value: query.code, autocapitalize: "none" }),
    ],
  });
  const found = await asked(query, signal);
  const empty = emptyText(query);
  const shown = { caption: t("nav.codes"), columns: columns(), href: (row) => `#/codes/${row.id}`, empty };
  const issue = linkButton(
    t("code.issue"),
    withQuery("#/codes/issue", { prefix: query.prefix, customer: found?.filters.customer }),
    "primary",
    { "data-new": true },
  );
  const head = [h("div", { class: "head" }, heading, issue), form];
  if (!found) {
    return [
      ...head,
      table({ rows: [], ...shown, empty: t("coupon.no_prefix", { prefix: query.prefix }) }),
      pager({ page: 1, count: 0 }),
    ];
  }
  const { filters: selected, customers } = found;
  if (customers.length > 1) {
    const links = customers.map((customer) => [" ", h("a", { href: addressOf({ ...query, customer }) }, customer)]);
    return [...head, h("p", { class: "empty" }, t("code.several"), links), pager({ page: 1, count: 0 })];
  }
  let list;
  try {
    list = await page({ path: PATH, filters: selected, query, signal, ...shown });
  } catch (error) {
    if (error.status === 400 && showErrors(form, error) > 0) return head;
    throw error;
  }
  const count = Number(list[1].dataset.count);
  return [...head, ...list, count > 0 ? exporter(selected, count, signal) : null];
}
