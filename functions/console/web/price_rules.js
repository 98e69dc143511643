// Price rules. Beside the form of a rule its effect on an example cart is shown.

import { call, Change, get, now, query as withQuery, RowChange } from "./api.js";
import { deleteButton } from "./deletion.js";
import { badge, card, h, linkButton } from "./dom.js";
import { form, values } from "./forms.js";
import { instant, number, t } from "./i18n.js";
import { filter, filters, page } from "./lists.js";
import { bodyOf, ruleFields, TERMS } from "./price_rule_form.js";
import { NEW_RULE, preview } from "./preview.js";

const PATH = "/api/discounts/price_rule/";

/** True if the window of a rule is over, so that its codes cannot be used any more. */
export function hasEnded(rule) {
  return rule.ends_at !== null && Date.parse(rule.ends_at) <= now();
}

/** True if a rule, or the rule of a code, has not begun. */
export const isAhead = (rule) => rule.starts_at !== null && Date.parse(rule.starts_at) > now();

/** Limits of uses, as an evaluation names them. */
const LIMITS = ["usage_limit", "once_per_customer"];

/**
 * Returns the limits of stored rules that are reached, by the ids of the rules, and for a customer if one is given. At
 * most 20 rules, because an evaluation accepts 20 drafts. Drafts that would apply to any cart stand in the place of the
 * rules, so that only the limits decide.
 */
export async function limitsReached(rules, signal, customer_id = null) {
  const limited = rules.filter((rule) => rule.usage_limit > 0 || (rule.once_per_customer && customer_id));
  const drafts = new Map(limited.map((rule) => [rule.id, draftOf(rule)]));
  if (drafts.size === 0) return new Map();
  const lines = [{ id: 1, product_id: 1, quantity: 1, price: "1000.00" }];
  const body = { customer_id, lines, draft_price_rules: [...drafts.values()] };
  const priced = await call("POST", "/api/discounts/evaluate/", { body, signal, writesNothing: true });
  const reached = (failed) => LIMITS.find((limit) => failed.some(({ predicate }) => predicate === limit));
  const found = priced.rules.map(({ price_rule_id: id, failed }) => [id, drafts.has(id) ? reached(failed) : null]);
  return new Map(found.filter(([, limit]) => limit));
}

function draftOf({ id, title, usage_limit, once_per_customer }) {
  const gives = { value: "-1.00", value_type: "fixed_amount", target_type: "line_item", target_selection: "all" };
  return { id, title, usage_limit, once_per_customer, allocation_method: "across", ...gives };
}

/** Returns the reached limit of one stored rule; null for none, and for an unknown customer. */
export async function limitReached(rule, signal, customer_id = null) {
  const limits = await limitsReached([rule], signal, customer_id).catch((error) => {
    if (error.status !== 400 || customer_id === null) throw error;
  });
  return limits?.get(rule.id) ?? null;
}

/** Returns "on" if a rule may apply now, or the reason if not, from its own fields and its reached limit. */
export function stateOf(rule, limit = null) {
  if (!rule.is_enabled) return "off";
  if (hasEnded(rule)) return "ended";
  return isAhead(rule) ? "later" : (limit ?? "on");
}

/** Returns the state of a rule as a coloured word. */
export function stateBadge(rule, limit = null) {
  const state = stateOf(rule, limit);
  return badge(t(`rule.state.${state}`), { on: "plus", later: "calm" }[state] ?? "minus");
}

const columns = (limits) => [
  { title: t("rule.title"), cell: (row) => row.title, kind: "main" },
  { title: t("rule.verbose_title"), cell: (row) => row.verbose_title },
  { title: t("rule.state"), cell: (row) => stateBadge(row, limits.get(row.id)) },
  {
    title: t("rule.brought"),
    cell: (row) => t(row.automatic_discount ? "rule.brought.automatic" : "rule.brought.code"),
  },
  { title: t("rule.priority"), cell: (row) => number(row.priority), kind: "number" },
  { title: t("rule.starts_at"), cell: (row) => instant(row.starts_at) ?? "–" },
  { title: t("rule.ends_at"), cell: (row) => instant(row.ends_at) ?? t("code.no_end") },
];

/** Draws the list of price rules. */
export async function priceRules({ title, query, signal }) {
  const heading = title(t("nav.price_rules"));
  const kinds = [
    ["", t("rule.any")],
    ["true", t("rule.brought.automatic")],
    ["false", t("rule.brought.code")],
  ];
  const form = filters({
    label: t("nav.price_rules"),
    query,
    fields: [
      filter("title", t("rule.search"), { value: query.title, search: true }),
      filter("automatic_discount", t("rule.brought"), { value: query.automatic_discount, choices: kinds }),
    ],
  });
  const asked = { title: query.title, automatic_discount: query.automatic_discount };
  const href = (row) => `#/price_rules/${row.id}`;
  const list = await page({
    path: PATH,
    filters: asked,
    query,
    signal,
    caption: t("nav.price_rules"),
    columns: async (rows) => columns(await limitsReached(rows, signal)),
    href,
  });
  const create = linkButton(t("rule.new"), "#/price_rules/new", "primary", { "data-new": true });
  return [h("div", { class: "head" }, heading, create), form, ...list];
}

/** Returns the form of a rule and its preview, side by side. */
function editor(rule, signal) {
  const change = new Change();
  const fields = ruleFields(rule, { automatic: true });
  const element = form({
    fields,
    submit: t(rule ? "action.save" : "action.create"),
    cancel: "#/price_rules",
    label: t("rule.form"),
    send: async (read) => {
      const body = bodyOf(read);
      if (!rule) return change.send("POST", PATH, body);
      const saved = await saves.save(body);
      if (!saved) throw new Error(t("rule.moved"));
      return saved;
    },
    done: (saved) => t("done.saved", { name: saved.title }),
    next: () => {
      location.hash = "#/price_rules";
    },
    extra: rule ? deletion(rule) : null,
  });
  element.classList.add("single");
  const saves = rule && new RowChange(`${PATH}${rule.id}/`, bodyOf(values(element)), { seen: rule, together: TERMS });
  const shown = preview({ signal, draft: () => ({ ...bodyOf(values(element)), id: rule?.id ?? NEW_RULE }) });
  element.addEventListener("input", shown.soon);
  return h("div", { class: "beside" }, card(t("rule.form"), element), shown.element);
}

function deletion(rule) {
  const ask = () => ({ title: t("rule.delete.title", { name: rule.title }), lines: [t("rule.delete.text")] });
  return deleteButton({ path: `${PATH}${rule.id}/`, name: rule.title, list: "#/price_rules", ask, kind: "push" });
}

/** Draws the form of a new rule. */
export function newPriceRule({ title, signal }) {
  return [title(t("rule.new")), editor(null, signal)];
}

/** Returns links to the coupons that a change of a rule affects; null if there are none. */
async function couponsOf(rule, signal) {
  const asked = { price_rule__title: rule.title, page_size: 100 };
  const { results, count } = await get(withQuery("/api/discounts/coupon/", asked), signal);
  const links = results
    .filter((coupon) => coupon.price_rule.id === rule.id)
    .map((coupon, index) => [index > 0 ? ", " : " ", h("a", { href: `#/coupons/${coupon.id}` }, coupon.code_prefix)]);
  const more = count > results.length ? h("a", { href: withQuery("#/coupons", { title: rule.title }) }, "…") : null;
  return links.length > 0 || more ? h("p", { class: "lead" }, t("rule.coupons"), links, more && [" ", more]) : null;
}

/** Draws a rule, with its form and the button that deletes it. */
export async function priceRule({ title, params, signal }) {
  const rule = await get(`${PATH}${params.id}/`, signal);
  const limit = await limitReached(rule, signal);
  return [
    h(
      "div",
      { class: "head" },
      title(rule.title),
      stateBadge(rule, limit),
      rule.automatic_discount ? null : linkButton(t("coupon.new"), `#/coupons/new?rule=${rule.id}`),
    ),
    h("p", { class: "lead" }, `${rule.verbose_title} · ${t("rule.id", { id: rule.id })}`),
    await couponsOf(rule, signal),
    editor(rule, signal),
  ];
}
