// A code: its owner, its rule, and the changes that staff can make.

import { Change, get, getOrNull } from "./api.js";
import { deleteButton } from "./deletion.js";
import { badge, card, facts, h } from "./dom.js";
import { agree, form, numberField } from "./forms.js";
import { instant, t } from "./i18n.js";
import { idOf, nameOf } from "./customers.js";
import { hasEnded, isAhead, limitReached, stateBadge, stateOf } from "./price_rules.js";

const PATH = "/api/discounts/coupon_code/";
const TONES = { unused: "plus", used: "calm", expired: "minus" };

/** Returns a status as a coloured word. */
export const statusBadge = (status) => badge(t(`status.${status}`), TONES[status]);

/** Returns the start of a code that cannot be used yet. */
const begins = (row) =>
  isAhead(row) ? h("small", { class: "ahead" }, `${t("code.starts_at")} ${instant(row.starts_at).textContent} `) : null;

/** Returns the columns of lists of codes. */
export function columns() {
  return [
    { name: "code", title: t("code.code"), cell: (row) => h("code", null, row.code), kind: "main" },
    { name: "status", title: t("code.status"), cell: (row) => statusBadge(row.status) },
    {
      name: "title",
      title: t("code.worth"),
      cell: (row) => [h("span", null, row.title), " ", h("small", null, row.verbose_title)],
    },
    {
      name: "customer",
      title: t("code.customer"),
      cell: (row) =>
        h("a", { href: `#/customers/${row.customer_id}` }, nameOf(row.customer ?? { id: row.customer_id })),
    },
    { name: "created_at", title: t("code.created_at"), cell: (row) => instant(row.created_at) },
    { name: "used_at", title: t("code.used_at"), cell: (row) => instant(row.used_at) ?? "–" },
    {
      name: "ends_at",
      title: t("code.ends_at"),
      cell: (row) => [begins(row), instant(row.ends_at) ?? t("code.no_end")],
    },
  ];
}

/** Returns a text about a change that somebody else made to the shown code. */
function meanwhile({ status, used_at: at }, to) {
  return status === to && to === "used"
    ? t("code.used_already", { at: instant(at).textContent })
    : t("code.meanwhile", { status: t(`status.${status}`) });
}

/** Asks for confirmation if the customer has used the rule of the code and cannot use it again. */
async function agreeToOwner(rule, customer) {
  // An unknown customer is refused later, beside the field.
  if ((await limitReached(rule, undefined, customer)) !== "once_per_customer") return;
  const question = { title: t("code.transfer.once", { customer }), lines: [t("rule.once_per_customer.hint")] };
  await agree({ ...question, action: t("code.transfer") });
}

/** Returns the form that transfers the code to another customer. */
function transfer(code, rule, again) {
  const put = new Change();
  const path = `${PATH}${code.id}/`;
  return form({
    label: t("code.transfer"),
    fields: [numberField("customer_id", t("code.transfer.to"), { hint: t("code.transfer.hint"), inputmode: "tel" })],
    submit: t("code.transfer"),
    kind: "",
    send: async (read) => {
      const customer_id = await idOf("customer_id", read.customer_id);
      const current = put.isOpen ? null : await get(path);
      if (Number(customer_id) === current?.customer_id) throw new Error(t("code.transfer.same"));
      if (!put.isOpen) await agreeToOwner(rule, customer_id);
      return put.send("PUT", path, { customer_id });
    },
    done: () => t("done.transferred"),
    next: again,
  });
}

/**
 * Returns the buttons that mark a code as used or unused. `state` is the state of the rule, if a checkout would refuse
 * the code because of it.
 */
function turn(code, rule, state, again) {
  const put = new Change();
  const path = `${PATH}${code.id}/`;
  const to = code.status === "used" ? "unused" : "used";
  return form({
    label: t(`code.mark.${to}`),
    fields: [
      h("p", null, t(to === "unused" && hasEnded(rule) ? "code.mark.unused.ended" : `code.mark.${to}.text`)),
      state ? h("p", { class: "note" }, t("code.refused"), " ", state.cloneNode(true)) : null,
    ],
    submit: t(`code.mark.${to}`),
    kind: "",
    send: async () => {
      // The API accepts "used" for a used code. Staff who hand something out for it must know who was first.
      let current = await get(path);
      const isOther = () => current.status !== code.status || current.used_at !== code.used_at;
      if (isOther() && !put.isOpen) throw new Error(meanwhile(current, to));
      const { price_rule: known } = (put.isOpen ? null : await couponOf(code)) ?? { price_rule: rule };
      if (JSON.stringify(known) !== JSON.stringify(rule)) throw new Error(t("code.rule_moved"));
      const done = await put.send("PUT", path, { status: to }, async () => {
        current = await get(path);
      });
      if (isOther() && !put.isReplayed) throw new Error(meanwhile(done, to));
      return done;
    },
    done: ({ status }) => t(status === "expired" ? "done.given_back" : `done.${to}`),
    next: again,
  });
}

function deletion(code) {
  const path = `${PATH}${code.id}/`;
  const ask = async () => {
    const { status } = await get(path);
    const lines = [t(status === "used" ? "code.delete.used" : "code.delete.unused")];
    return { title: t("code.delete.title", { code: code.code }), lines };
  };
  return deleteButton({ path, name: code.code, list: "#/codes", ask });
}

/** Returns the coupon of a code, or null if it was deleted. */
const couponOf = (code, signal) => getOrNull(`/api/discounts/coupon/${code.coupon_id}/`, signal);

/** Draws the view of one code. */
export async function code({ title, params, signal, again }) {
  const found = await get(`${PATH}${params.id}/`, signal);
  const coupon = await couponOf(found, signal);
  const prefix = found.coupon?.code_prefix ?? String(found.coupon_id);
  const rule = coupon?.price_rule;
  // A used code counts towards the limits itself.
  const limit = rule && found.status !== "used" ? await limitReached(rule, signal, found.customer_id) : null;
  const state = rule && stateOf(rule, limit) !== "on" ? stateBadge(rule, limit) : null;
  return [
    h("div", { class: "head" }, title(found.code), statusBadge(found.status), state),
    card(
      null,
      facts(
        [t("code.id"), String(found.id)],
        [t(found.status === "used" ? "code.worth_now" : "code.worth"), `${found.title} · ${found.verbose_title}`],
        [
          t("code.coupon"),
          coupon ? h("a", { href: `#/coupons/${coupon.id}` }, prefix) : t("code.coupon_deleted", { prefix }),
        ],
        rule && [t("coupon.rule"), h("a", { href: `#/price_rules/${rule.id}` }, rule.title)],
        [
          t("code.customer"),
          h("a", { href: `#/customers/${found.customer_id}` }, nameOf(found.customer ?? { id: found.customer_id })),
        ],
        [t("code.created_at"), instant(found.created_at)],
        [t("code.used_at"), instant(found.used_at)],
        [t("code.starts_at"), instant(found.starts_at)],
        [t("code.ends_at"), instant(found.ends_at) ?? t("code.no_end")],
      ),
    ),
    // Codes of a deleted coupon cannot be changed.
    coupon
      ? h(
          "div",
          { class: "columns" },
          found.status === "used" ? null : card(t("code.transfer"), transfer(found, rule, again)),
          card(t(found.status === "used" ? "code.mark.unused" : "code.mark.used"), turn(found, rule, state, again)),
        )
      : null,
    h("div", null, deletion(found)),
  ];
}
