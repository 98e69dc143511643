// Codes: a list with filters, and its export as a file.

import { announce } from "./announce.js";
import { get, query as withQuery, walk } from "./api.js";
import { button, h, linkButton, replace } from "./dom.js";
import { columns } from "./code.js";
import { idsOf } from "./customers.js";
import { save, toCsv, unguarded } from "./csv.js";
import { errorBox, refusal, showErrors } from "./errors.js";
import { plainNumber } from "./forms.js";
import { number, t } from "./i18n.js";
import { addressOf, filter, filters, page, pager, table } from "./lists.js";

const PATH = "/api/discounts/coupon_code/";
const STATUSES = ["unused", "available", "used", "expired"];

/** Returns the coupon with this prefix, or null. */
export async function couponOf(prefix, signal) {
  const { results } = await get(withQuery("/api/discounts/coupon/", { code_prefix: prefix }), signal);
  return results[0] ?? null;
}

/** Finds a code by its text, as somebody may have read it out, or by its id. Digits may be either. */
async function named(typed, signal) {
  const code = unguarded(typed ?? "");
  if (!code) return {};
  // For the API a comma separates codes.
  if (code.normalize("NFKC").includes(",")) throw refusal("code", t("code.comma"));
  const isText = { code__in: [...new Set([code, code.normalize("NFKC").replace(/\s/g, "")])].join(",") };
  if (!/^\d{1,16}$/.test(code)) return isText;
  const { count } = await get(withQuery(PATH, { ...isText, page_size: 1 }), signal);
  return count > 0 ? isText : { id: code };
}

/** Returns the filters for the API; null if no coupon has the prefix, so that no code can match. */
async function asked(query, signal) {
  const { code, status } = query;
  const prefix = query.prefix?.normalize("NFKC");
  const coupon = prefix ? await couponOf(prefix, signal) : null;
  if (prefix && !coupon) return null;
  const { ids, blind } = await idsOf("customer", plainNumber(query.customer ?? ""), signal);
  const filters = { ...(await named(code, signal)), status, customer: ids[0], coupon: coupon?.id };
  return { filters, customers: ids, blind };
}

/** Fields of an exported row. */
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

/** Returns the button that writes all selected codes into a file, page by page. */
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

/** Returns the text for an empty list. */
function emptyText({ code, customer }, blind) {
  if (customer) return `${t("code.none_of", { customer })} ${blind ? t("customer.blind") : ""}`;
  return code && !/^\d+$/.test(code) ? t("code.not_found", { code }) : null;
}

/** Returns the rows that the filters in `found` select, and the button for their export. */
async function listed(found, query, signal) {
  const shown = { caption: t("nav.codes"), columns: columns(), href: (row) => `#/codes/${row.id}` };
  const none = pager({ page: 1, count: 0 });
  if (!found) return [table({ rows: [], ...shown, empty: t("coupon.no_prefix", { prefix: query.prefix }) }), none];
  if (found.customers.length > 1) {
    const names = found.customers.map((id) => `#${id}`);
    const links = names.map((customer) => [" ", h("a", { href: addressOf({ ...query, customer }) }, customer)]);
    return [h("p", { class: "empty" }, t("code.several"), links), none];
  }
  const empty = emptyText(query, found.blind);
  const list = await page({ path: PATH, filters: found.filters, query, signal, ...shown, empty });
  const count = Number(list[1].dataset.count);
  return [...list, count > 0 ? exporter(found.filters, count, signal) : null];
}

/** Draws the list of codes, by text or id, status, customer and coupon. */
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
  const head = (customers) => {
    const issued = withQuery("#/codes/issue", {
      prefix: query.prefix,
      customer: customers?.length === 1 ? customers[0] : "",
    });
    return [
      h("div", { class: "head" }, heading, linkButton(t("code.issue"), issued, "primary", { "data-new": true })),
      form,
    ];
  };
  try {
    const found = await asked(query, signal);
    return [...head(found?.customers), ...(await listed(found, query, signal))];
  } catch (error) {
    if (error.status === 400 && showErrors(form, error) > 0) return head();
    throw error;
  }
}
