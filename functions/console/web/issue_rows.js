// The rows of an issue: parsed from a pasted list or a file, with notes that the user sees before they are issued.

import { get, query as withQuery } from "./api.js";
import { parseCsv } from "./csv.js";
import { number, t } from "./i18n.js";
import { hasEnded, limitReached } from "./price_rules.js";

/** Column names in exports, on the command line and in both languages. The first one that is present is read. */
const CUSTOMER = ["customer_id", "customer id", "客户编号", "id"];
const PREFIX = [
  "code_prefix",
  "coupon_prefix",
  "prefix",
  "coupon",
  "prefix of the coupon",
  "优惠券前缀",
  "前缀",
  "优惠券",
];

/** Largest number of customers for which the limits of a rule are checked. */
const ASKED_FOR = 20;

function place(heading, names) {
  return names.map((name) => heading.indexOf(name)).find((index) => index >= 0) ?? -1;
}

/** Returns the positions of the fields by the names in a first row; null if that row is no heading. */
function columnsOf(fields) {
  const heading = fields.map((field) => field.toLowerCase());
  const customer = place(heading, CUSTOMER);
  if (customer < 0 || fields.some((field) => /^\d+$/.test(field))) return null;
  return { customer, prefix: place(heading, PREFIX) };
}

/**
 * Returns the rows of a text by their lines, and the unread columns if no column names a coupon. Without a heading, the
 * customer comes first, then the prefix where it differs. Also returns a few values in the `third` place.
 */
export function rowsOf(text) {
  const rows = parseCsv(text).filter(({ fields }) => fields.some((field) => field !== ""));
  const named = rows.length > 0 ? columnsOf(rows[0].fields) : null;
  const { customer, prefix } = named ?? { customer: 0, prefix: 1 };
  // A first field without a digit may be a heading of unknown columns.
  const isHeading = (index, fields) => !named && index === 0 && rows.length > 1 && !/\d/.test(fields[0]);
  const found = (named ? rows.slice(1) : rows).map(({ line, fields }, index) => ({
    line,
    customer: (fields[customer] ?? "").normalize("NFKC"),
    prefix: fields[prefix] ?? "",
    ...(isHeading(index, fields) ? { heading: true } : {}),
  }));
  const unread = prefix < 0 ? rows[0].fields.filter((name, index) => index !== customer && name) : [];
  const third = named ? [] : rows.flatMap(({ fields }) => fields.slice(2).filter(Boolean));
  return { rows: found, unread, third: [...new Set(third)].slice(0, 3) };
}

/** Returns the coupons with these prefixes, by prefix. Reads a hundred at a time. */
async function couponsOf(prefixes, signal) {
  const found = new Map();
  for (let at = 0; at < prefixes.length; at += 100) {
    const asked = prefixes.slice(at, at + 100).join(",");
    const { results } = await get(
      withQuery("/api/discounts/coupon/", { code_prefix__in: asked, page_size: 100 }),
      signal,
    );
    for (const coupon of results) found.set(coupon.code_prefix, coupon);
  }
  return found;
}

function checked(row, prefix, coupon) {
  const errors = [];
  if (row.heading) return { ...row, prefix, coupon: null, error: t("issue.no_heading") };
  if (!/^\d{1,16}$/.test(row.customer)) errors.push(t("issue.no_customer"));
  if (!prefix) errors.push(t("issue.no_coupon"));
  else if (!coupon) errors.push(t("coupon.no_prefix", { prefix }));
  return { ...row, prefix, coupon: coupon?.id ?? null, error: errors.join(" ") };
}

/** Returns the number of customers who would get a second code of the same coupon. */
function repeated(rows) {
  const seen = new Set();
  const again = new Set();
  for (const { customer, coupon } of rows) {
    const pair = `${Number(customer)} ${coupon}`;
    if (seen.has(pair)) again.add(Number(customer));
    seen.add(pair);
  }
  return again.size;
}

/** True if the prefixes of rows still lead to the same coupons. In another shop they do not. */
export async function areTheSame(rows, signal) {
  const coupons = await couponsOf([...new Set(rows.map(({ prefix }) => prefix))], signal);
  return rows.every(({ prefix, coupon }) => coupons.get(prefix)?.id === coupon);
}

/** Returns a note if a checkout would refuse codes of a coupon because of the limits of its rule; null if not. */
async function limitNote({ code_prefix: prefix, price_rule: rule }, customers, signal) {
  if (await limitReached(rule, signal)) return ["issue.used_up", { prefix }];
  if (!rule.once_per_customer) return null;
  if (customers.length > ASKED_FOR) return ["issue.once", { prefix }];
  const have = [];
  for (const customer of customers) {
    // An unknown customer is refused later, with the row.
    if (await limitReached(rule, signal, customer)) have.push(customer);
  }
  return have.length > 0 ? ["issue.once_used", { prefix, customers: have.join(", ") }] : null;
}

/**
 * Returns notes about the coupons of these rows that the user should see before the issue, as names of texts with their
 * values. `known` are the coupons if they were read before.
 */
export async function notesOf(rows, signal, known) {
  const coupons = known ?? (await couponsOf([...new Set(rows.map(({ prefix }) => prefix))], signal));
  const notes = [];
  for (const coupon of coupons.values()) {
    const mine = rows.filter((row) => row.coupon === coupon.id).map(({ customer }) => Number(customer));
    const customers = new Set(mine);
    if (customers.size === 0) continue;
    const { code_prefix: prefix, price_rule: rule } = coupon;
    if (hasEnded(rule)) notes.push(["issue.ended", { prefix }]);
    if (rule.usage_limit > 0 && mine.length > rule.usage_limit) {
      notes.push(["issue.few_uses", { prefix, limit: number(rule.usage_limit) }]);
    }
    if (rule.once_per_customer && mine.length > customers.size) notes.push(["issue.once_repeated", { prefix }]);
    const limit = await limitNote(coupon, [...customers], signal);
    if (limit) notes.push(limit);
  }
  const count = repeated(rows);
  return count > 0 ? [...notes, ["issue.repeated", { count: number(count) }]] : notes;
}

/**
 * Finds the coupons of all rows; rows without a prefix get `otherwise`. Returns the coupons, and the rows with their
 * errors.
 */
export async function withCoupons(rows, otherwise, signal) {
  const prefixes = [...new Set(rows.map((row) => row.prefix || otherwise).filter(Boolean))];
  const coupons = await couponsOf(prefixes, signal);
  const found = rows.map((row) => {
    const prefix = row.prefix || otherwise;
    return checked(row, prefix, coupons.get(prefix));
  });
  return { rows: found, coupons };
}
