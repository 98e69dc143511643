// Customers: a list, with search by the shop's own id or by mobile number.

import { get, query as withQuery } from "./api.js";
import { h } from "./dom.js";
import { refusal } from "./errors.js";
import { instant, t } from "./i18n.js";
import { filter, filters, page, table } from "./lists.js";

const PATH = "/api/crm/customer/";

const columns = () => [
  { title: t("customer.id"), cell: (row) => String(row.id), kind: "main" },
  { title: t("customer.full_name"), cell: (row) => row.full_name || "–" },
  { title: t("customer.mobile"), cell: (row) => row.mobile || "–" },
  { title: t("customer.email"), cell: (row) => row.email || "–" },
  { title: t("customer.created_at"), cell: (row) => instant(row.created_at) },
];

/** Returns the name of a customer in a list: the full name, else the mobile number, else the id. */
export function nameOf(customer) {
  return customer.full_name || customer.mobile || String(customer.id);
}

/** Returns other notations in which a mobile number may be stored: after +86, and in groups. */
function otherWritings(mobile) {
  const groups = /^(1\d{2})(\d{4})(\d{4})$/.exec(mobile)?.slice(1);
  if (!groups) return [];
  const written = [mobile, groups.join(" "), groups.join("-")];
  return [...written.slice(1), ...["+86", "+86 ", "+86-"].flatMap((code) => written.map((one) => code + one))];
}

/** Returns the customers with this id or mobile number. The number may be typed, and stored, in groups or after +86. */
export async function search(text, signal) {
  const found = new Map();
  const ask = async (queries) => {
    const asked = queries.map((query) => get(withQuery(PATH, { ...query, page_size: 100 }), signal));
    for (const { results } of await Promise.all(asked)) for (const row of results) found.set(row.id, row);
  };
  const mobiles = (texts) => texts.map((mobile) => ({ mobile }));
  const joined = text.normalize("NFKC").replace(/(\d)[\s-]+(?=\d)/g, "$1");
  const plain = joined.replace(/^\+86[\s-]*/, "");
  const first = mobiles([...new Set([text, joined, plain])]);
  await ask(/^\d{1,15}$/.test(joined) ? [...first, { id: joined }] : first);
  if (found.size === 0) await ask(mobiles(otherWritings(plain)));
  return [...found.values()];
}

/**
 * Returns the ids of the customers that a text may mean: by mobile number or id, and for `#5` the id 5. A text that
 * matches no customer stays as it is. `blind` says that the token may not search for numbers.
 */
export async function idsOf(field, text, signal) {
  if (/^#\d+$/.test(text)) return { ids: [text.slice(1)] };
  if (!/^[+\d][\d\s-]{4,}$/.test(text)) return { ids: [text] };
  const isNumber = /^\d+$/.test(text);
  try {
    const found = await search(text, signal);
    if (found.length > 0) return { ids: found.map(({ id }) => String(id)) };
  } catch (error) {
    if (error.status !== 403) throw error;
    if (!isNumber) throw refusal(field, t("customer.blind"));
    return { ids: [text], blind: true };
  }
  if (!isNumber) throw refusal(field, t("customer.not_found", { text }));
  return { ids: [text] };
}

/** Returns the id of the one customer that a field means. If there are several, shows an error beside the field. */
export async function idOf(field, text, signal) {
  const { ids } = await idsOf(field, text, signal);
  if (ids.length > 1) throw refusal(field, `${t("code.several")} ${ids.map((id) => `#${id}`).join(", ")}`);
  return ids[0];
}

/** Draws all customers, or those that match the search. */
export async function customers({ title, query, signal }) {
  const heading = title(t("nav.customers"));
  const field = filter("q", t("customer.search"), { value: query.q, search: true, inputmode: "search" });
  const shown = { caption: t("nav.customers"), columns: columns(), href: (row) => `#/customers/${row.id}` };
  const head = [heading, filters({ fields: [field], label: t("nav.customers"), query })];
  try {
    return [...head, ...(await listed(query, shown, signal))];
  } catch (error) {
    if (error.status !== 403) throw error;
    // A token that may not list customers can still open an account by its id.
    if (/^\d{1,16}$/.test(query.q ?? "")) location.replace(`#/customers/${query.q}`);
    return [...head, h("p", { class: "empty" }, t("customer.blind"))];
  }
}

async function listed(query, shown, signal) {
  if (query.q) {
    const rows = await search(query.q, signal);
    if (rows.length === 1) location.replace(`#/customers/${rows[0].id}`);
    return [table({ rows, ...shown, empty: t("customer.not_found", { text: query.q }) })];
  }
  return page({ path: PATH, filters: {}, query, signal, ...shown });
}
