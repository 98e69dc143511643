// Coupons: prefix or passphrase, the rule of the codes, and the codes over time.

import { Change, get, getOrNull, query as withQuery } from "./api.js";
import { deleteButton } from "./deletion.js";
import { badge, card, facts, h, linkButton, replace } from "./dom.js";
import { refusal } from "./errors.js";
import { checkField, form, numberField, textField, values } from "./forms.js";
import { instant, number, t } from "./i18n.js";
import { filter, filters, page } from "./lists.js";
import { picture } from "./coupon_picture.js";
import { bodyOf, ruleFields } from "./price_rule_form.js";
import { limitReached, limitsReached, stateBadge } from "./price_rules.js";
import { NEW_RULE, preview } from "./preview.js";

const PATH = "/api/discounts/coupon/";
const CODES = "/api/discounts/coupon_code/";

const columns = (limits) => [
  { title: t("coupon.code_prefix"), cell: (row) => h("code", null, row.code_prefix), kind: "main" },
  {
    title: t("coupon.rule"),
    cell: (row) => [h("span", null, row.price_rule.title), " ", h("small", null, row.price_rule.verbose_title)],
  },
  { title: t("rule.state"), cell: (row) => stateBadge(row.price_rule, limits.get(row.price_rule_id)) },
  { title: t("coupon.can_redeem"), cell: (row) => t(row.can_redeem ? "yes" : "no") },
  { title: t("coupon.used_count"), cell: (row) => number(row.used_count), kind: "number" },
  { title: t("coupon.redeem_count"), cell: (row) => number(row.redeem_count), kind: "number" },
  { title: t("coupon.created_at"), cell: (row) => instant(row.created_at) },
];

/** Draws the list of coupons. */
export async function coupons({ title, query, signal }) {
  const heading = title(t("nav.coupons"));
  const types = [
    ["", t("rule.any")],
    ["percentage", t("coupon.percentage")],
    ["fixed_amount", t("rule.kind.fixed_amount")],
  ];
  const claims = [
    ["", t("rule.any")],
    ["true", t("yes")],
    ["false", t("no")],
  ];
  const form = filters({
    label: t("nav.coupons"),
    query,
    fields: [
      filter("code_prefix", t("coupon.code_prefix"), { value: query.code_prefix, search: true }),
      filter("title", t("coupon.title_contains"), { value: query.title }),
      filter("value_type", t("rule.kind"), { value: query.value_type, choices: types }),
      filter("can_redeem", t("coupon.can_redeem"), { value: query.can_redeem, choices: claims }),
    ],
  });
  const asked = {
    code_prefix: query.code_prefix,
    price_rule__title__icontains: query.title,
    price_rule__value_type: query.value_type,
    can_redeem: query.can_redeem,
  };
  const href = (row) => `#/coupons/${row.id}`;
  const isByPrefix =
    query.code_prefix && Object.entries(query).every(([name, value]) => (name === "code_prefix") === (value !== ""));
  const list = await page({
    path: PATH,
    filters: asked,
    query,
    signal,
    caption: t("nav.coupons"),
    columns: async (rows) =>
      columns(
        await limitsReached(
          rows.map((row) => row.price_rule),
          signal,
        ),
      ),
    href,
    empty: isByPrefix ? t("coupon.no_prefix", { prefix: query.code_prefix }) : null,
  });
  const create = linkButton(t("coupon.new"), "#/coupons/new", "primary", { "data-new": true });
  return [h("div", { class: "head" }, heading, create), form, ...list];
}

/** Returns the rule with this id, or null. */
const ruleOf = async (id, signal) =>
  /^\d{1,16}$/.test(id) ? getOrNull(`/api/discounts/price_rule/${id}/`, signal) : null;

/** Returns a note about a rule that carts get without a code. */
const automatic = (rule) => (rule.automatic_discount ? h("p", null, t("rule.automatic_discount.hint")) : null);

/** Draws the form of a new coupon, with a new rule or on an existing one. */
export function newCoupon({ title, query, signal }) {
  const change = new Change();
  const own = ruleFields(null, { automatic: false });
  // The titles of rule and coupon are different fields of one form.
  const titleOfRule = own.querySelector("[name=title]");
  titleOfRule.name = "rule_title";
  const isThere = checkField("on_rule", t("coupon.on_rule"), {
    value: Boolean(query.rule),
    hint: t("coupon.on_rule.hint"),
  });
  const there = numberField("price_rule_id", t("coupon.price_rule_id"), { value: query.rule ?? "" });
  const which = h("p", { class: "note", hidden: true, "data-rule": true });
  there.append(which);
  const adapt = () => {
    const on = isThere.querySelector("input").checked;
    there.hidden = !on;
    own.hidden = on;
  };
  isThere.addEventListener("change", adapt);
  adapt();
  for (const slot of own.querySelectorAll("[data-error]")) slot.dataset.error = `price_rule.${slot.dataset.error}`;
  const ownRule = (read) => ({ ...bodyOf({ ...read, title: read.rule_title }), automatic_discount: false });
  const send = (read) => {
    const { code_prefix, can_redeem, title: name, on_rule, price_rule_id } = read;
    const body = {
      code_prefix,
      can_redeem,
      ...(name ? { title: name } : {}),
    };
    if (on_rule && !price_rule_id) throw refusal("price_rule_id", "This field is required.");
    const rule = on_rule ? { price_rule_id } : { price_rule: ownRule(read) };
    return change.send("POST", PATH, { ...body, ...rule });
  };
  const element = form({
    label: t("coupon.new"),
    submit: t("action.create"),
    cancel: "#/coupons",
    fields: [
      textField("code_prefix", t("coupon.code_prefix"), {
        hint: t("coupon.code_prefix.hint"),
        autofocus: true,
      }),
      textField("title", t("coupon.title"), { hint: t("coupon.title.hint") }),
      checkField("can_redeem", t("coupon.can_redeem"), { hint: t("coupon.can_redeem.hint") }),
      isThere,
      there,
      own,
    ],
    send,
    done: (made) => t("done.saved", { name: made.code_prefix }),
    next: (made) => {
      location.hash = `#/coupons/${made.id}`;
    },
  });
  element.classList.add("single");
  const draft = async (stop) => {
    const read = values(element);
    if (!read.on_rule) return { ...ownRule(read), id: NEW_RULE };
    const rule = await ruleOf(read.price_rule_id, stop);
    which.hidden = !rule;
    if (rule)
      replace(
        which,
        `${rule.title} · ${rule.verbose_title} `,
        stateBadge(rule, await limitReached(rule, stop)),
        automatic(rule),
      );
    return rule ?? t("coupon.which_rule");
  };
  const shown = preview({ signal, draft });
  element.addEventListener("input", shown.soon);
  return [title(t("coupon.new")), h("div", { class: "beside" }, card(t("coupon.form"), element), shown.element)];
}

/** Returns the number of codes of a coupon with a status, or of all its codes. */
async function count(coupon, status, signal) {
  const { count: found } = await get(withQuery(CODES, { coupon, status, page_size: 1 }), signal);
  return found;
}

function deletion(coupon) {
  const ask = async () => {
    const [all, used] = await Promise.all([count(coupon.id), count(coupon.id, "used")]);
    const lines = [
      t("coupon.delete.open", { count: number(all - used) }),
      t("coupon.delete.used", { count: number(used) }),
      t("coupon.delete.rule"),
    ];
    return { title: t("coupon.delete.title", { prefix: coupon.code_prefix }), lines };
  };
  return deleteButton({ path: `${PATH}${coupon.id}/`, name: coupon.code_prefix, list: "#/coupons", ask });
}

/** Draws the view of a coupon: its rule, its codes over time, and the actions. */
export async function coupon({ title, params, signal }) {
  const found = await get(`${PATH}${params.id}/`, signal);
  const rule = found.price_rule;
  const ratio = rule.prerequisite_to_entitlement_quantity_ratio;
  const prefix = encodeURIComponent(found.code_prefix);
  const limit = await limitReached(rule, signal);
  return [
    h(
      "div",
      { class: "head" },
      title(found.code_prefix),
      stateBadge(rule, limit),
      linkButton(t("code.issue"), `#/codes/issue?prefix=${prefix}`, "primary"),
      linkButton(t("nav.codes"), `#/codes?prefix=${prefix}`),
    ),
    card(
      null,
      facts(
        [t("coupon.rule"), h("a", { href: `#/price_rules/${rule.id}` }, rule.title)],
        [t("rule.verbose_title"), rule.verbose_title],
        ratio && [
          t("rule.kind.buy_x_get_y"),
          `${t("rule.buy")} ${ratio.prerequisite_quantity} · ${t("rule.get")} ${ratio.entitled_quantity}`,
        ],
        [t("coupon.can_redeem"), badge(t(found.can_redeem ? "yes" : "no"), found.can_redeem ? "plus" : "calm")],
        [t("rule.starts_at"), instant(rule.starts_at)],
        [t("rule.ends_at"), instant(rule.ends_at) ?? t("code.no_end")],
        [t("coupon.usage_limit"), rule.usage_limit === 0 ? t("level.no_limit") : number(rule.usage_limit)],
        [t("rule.once_per_customer"), t(rule.once_per_customer ? "yes" : "no")],
        [
          t(ratio ? "rule.times" : "rule.allocation_limit"),
          rule.allocation_limit === 0 ? t("level.no_limit") : number(rule.allocation_limit),
        ],
        [t("coupon.created_at"), instant(found.created_at)],
      ),
    ),
    limit && found.can_redeem ? h("p", { class: "note" }, t("coupon.claims_refused")) : null,
    card(t("picture.title"), picture(found, signal)),
    h("div", null, deletion(found)),
  ];
}
