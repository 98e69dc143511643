// A priced cart as the API returned it: the final price of each line, and for each rule why it applied or not.

import { get, query as withQuery } from "./api.js";
import { badge, h } from "./dom.js";
import { has, instant, money, t } from "./i18n.js";

const names = new Map();

/** Forgets all titles, so that a new view shows the present titles of the present shop. */
export const forgetNames = () => names.clear();

/** Reads the titles of these rules, each once. */
export async function learnNames(ids, signal) {
  const unknown = ids.filter((id) => !names.has(id));
  for (let at = 0; at < unknown.length; at += 100) {
    const asked = unknown.slice(at, at + 100);
    const { results } = await get(
      withQuery("/api/discounts/price_rule/", { id__in: asked.join(","), page_size: 100 }),
      signal,
    );
    for (const rule of results) names.set(rule.id, rule.title);
  }
}

/** Returns the name of a rule; for a draft, the name from its form. */
function nameOf(id, drafts) {
  return drafts.get(id) ?? names.get(id) ?? `#${id}`;
}

/** Returns the reason why a predicate failed, with its numbers. */
function reason({ predicate, needs, has: there }) {
  const isInstant = predicate === "starts_at" || predicate === "ends_at";
  const shown = (text) =>
    isInstant
      ? instant(text).textContent
      : predicate.includes("subtotal") || predicate.includes("shipping")
        ? money(text)
        : text;
  const name = `failed.${predicate}`;
  if (!has(name)) return `${predicate}: ${needs} / ${there}`;
  return t(name, { needs: shown(needs), has: shown(there) });
}

function ruleItem(rule, drafts) {
  const isDraft = drafts.has(rule.price_rule_id);
  const name = nameOf(rule.price_rule_id, drafts);
  const state = rule.applied ? badge(`−${money(rule.amount)}`, "plus") : badge(t("priced.not_applied"), "minus");
  const why = rule.applied ? [] : rule.failed.length > 0 ? rule.failed.map(reason) : [t("priced.nothing_off")];
  return h(
    "li",
    { class: isDraft ? "draft" : null, "data-applied": rule.applied },
    h("span", { class: "rule-name" }, isDraft ? badge(t("priced.this_rule"), "calm") : null, name),
    state,
    why.length > 0
      ? h(
          "ul",
          { class: "why" },
          why.map((text) => h("li", null, text)),
        )
      : null,
  );
}

function lineRow(line, sent, drafts) {
  const parts = line.allocations.map(({ price_rule_id: id, amount }) =>
    h("li", null, `−${money(amount)} ${nameOf(id, drafts)}`),
  );
  return h(
    "tr",
    null,
    h(
      "td",
      null,
      t("priced.line", { product: sent?.product_id ?? "–", quantity: sent?.quantity ?? "" }),
      parts.length > 0 ? h("ul", { class: "why" }, parts) : null,
    ),
    h(
      "td",
      { class: "number" },
      line.total_discount === "0.00" ? money(line.total_price) : [h("del", null, money(line.total_price)), " "],
      line.total_discount === "0.00" ? null : money(line.final_price),
    ),
  );
}

function shippingRow({ price, discount, final_price: left }) {
  const cell = discount === "0.00" ? money(price) : [h("del", null, money(price)), " ", money(left)];
  return h("tr", null, h("td", null, t("cart.shipping_price")), h("td", { class: "number" }, cell));
}

/** Returns the whole reply; `drafts` are the names of rules that were priced as drafts. */
export function priced(reply, cart, drafts = new Map()) {
  const { totals } = reply;
  const missing = [...drafts].filter(([id]) => !reply.rules.some((rule) => rule.price_rule_id === id));
  const unlisted = missing.map(([id]) =>
    ruleItem(
      { price_rule_id: id, applied: false, failed: [{ predicate: "target_selection", needs: "1", has: "0" }] },
      drafts,
    ),
  );
  const codes = reply.codes.map(({ code, valid, reason: why }) =>
    h("li", null, h("code", null, code), valid ? badge(t("priced.valid"), "calm") : badge(t(`reason.${why}`), "minus")),
  );
  return h(
    "div",
    { class: "priced" },
    h(
      "table",
      { class: "plain" },
      h("caption", { class: "unseen" }, t("priced.lines")),
      h(
        "tbody",
        null,
        reply.lines.map((line, index) => lineRow(line, cart.lines[index], drafts)),
        shippingRow(reply.shipping),
      ),
      h(
        "tfoot",
        null,
        h(
          "tr",
          null,
          h("th", { scope: "row" }, t("priced.discount")),
          h("td", { class: "number" }, `−${money(totals.total_discount)}`),
        ),
        h(
          "tr",
          { class: "total" },
          h("th", { scope: "row" }, t("priced.total")),
          h("td", { class: "number", "data-total": totals.final_price }, money(totals.final_price)),
        ),
      ),
    ),
    codes.length > 0 ? [h("h3", null, t("nav.codes")), h("ul", { class: "rules" }, codes)] : null,
    h("h3", null, t("nav.price_rules")),
    reply.rules.length + unlisted.length > 0
      ? h(
          "ul",
          { class: "rules" },
          reply.rules.map((rule) => ruleItem(rule, drafts)),
          unlisted,
        )
      : h("p", { class: "hint" }, t("priced.no_rules")),
  );
}
