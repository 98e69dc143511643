// The account of a customer: balance, level, actions, and all entries of the ledger.

import { announce } from "./announce.js";
import { Change, get, walk } from "./api.js";
import { badge, button, card, facts, h, linkButton, replace } from "./dom.js";
import { errorBox, fail } from "./errors.js";
import { columns as codeColumns } from "./code.js";
import { agree, confirm, form, numberField } from "./forms.js";
import { has, instant, money, number, signed, t } from "./i18n.js";
import { nameOf } from "./customers.js";
import { paged } from "./lists.js";
import { inTab, keepInTab } from "./tab.js";

const HISTORY = "/api/loyalty/point_history/";
const ACCOUNT = "/api/loyalty/account/";
const KEPT = "given_back";

function stat(label, value, note) {
  return h(
    "div",
    { class: "stat" },
    h("dt", null, label),
    h("dd", null, h("strong", null, value), note ? h("small", null, note) : null),
  );
}

/** Returns a progress bar to the next level. */
function progress(account) {
  const { level, next_level: next, earned_points: earned } = account;
  if (!next) return h("p", { class: "hint" }, t(level ? "account.highest" : "account.no_levels"));
  const from = level?.condition_points ?? 0;
  const text = t("account.to_next", { points: number(account.points_to_next_level), level: next.title });
  return h(
    "div",
    { class: "progress" },
    h("progress", {
      max: Math.max(1, next.condition_points - from),
      value: Math.max(0, earned - from),
      "aria-label": text,
    }),
    h("p", null, text),
  );
}

function summary(account) {
  const { level } = account;
  const expiring =
    account.expiring_points > 0
      ? [number(account.expiring_points), instant(account.expiring_at)]
      : [t("account.none_expire")];
  const cap = level?.redeem_limitation_monthly;
  const monthly = cap ? t("account.of_month", { limit: number(cap) }) : null;
  const redeemable = level && level.redeem_points === 0 ? t("level.redeem_off") : money(account.redeemable_price);
  return card(
    t("account.summary"),
    h(
      "dl",
      { class: "stats" },
      stat(t("account.points"), number(account.points), t("account.earned", { points: number(account.earned_points) })),
      stat(t("account.level"), level?.title ?? "–"),
      stat(t("account.redeemable"), number(account.redeemable_points), redeemable),
      stat(t("account.expiring"), ...expiring),
      stat(t("account.redeemed_this_month"), number(account.redeemed_this_month), monthly),
    ),
    progress(account),
  );
}

/** Returns the forms of the three changes of an account. */
function actions(account, again) {
  const id = account.customer.id;
  const adjusting = new Change();
  const adjust = form({
    label: t("account.adjust"),
    fields: [numberField("points", t("account.adjust.points"), { hint: t("account.adjust.hint"), inputmode: "text" })],
    submit: t("account.adjust"),
    send: async ({ points }) => {
      if (!adjusting.isOpen) await agreeToLevel(id, points);
      return adjusting.send("POST", `${HISTORY}adjust/`, { customer_id: id, points });
    },
    done: (entry) => t("account.done", { points: signed(entry.points) }),
    next: again,
  });
  const redeeming = new Change();
  const redeem = form({
    label: t("account.redeem"),
    fields: [
      numberField("points", t("account.redeem.points"), { hint: redeemHint(account) }),
      numberField("order_id", t("account.redeem.order"), { hint: t("account.redeem.order.hint") }),
    ],
    submit: t("account.redeem"),
    kind: "",
    send: async ({ points, order_id }) => {
      if (!redeeming.isOpen) await agreeToRate(account);
      return redeeming.send("POST", `${HISTORY}redeem/`, {
        customer_id: id,
        points,
        ...(order_id ? { order_id } : {}),
      });
    },
    done: (entry) => t("account.redeemed", { points: signed(entry.points), price: money(entry.points_price) }),
    next: again,
  });
  const signing = new Change();
  const sign = form({
    label: t("account.sign"),
    fields: [
      h(
        "p",
        null,
        t(account.signed_today ? "account.signed_today" : "account.sign.text", {
          points: number(account.level?.sign_points ?? 0),
        }),
      ),
    ],
    submit: t("account.sign"),
    kind: "",
    send: () => signing.send("POST", `${HISTORY}sign/`, { customer_id: id }),
    done: (entry) => t("account.done", { points: signed(entry.points) }),
    next: again,
  });
  sign.querySelector("[type=submit]").disabled = account.signed_today;
  return h(
    "div",
    { class: "columns" },
    card(t("account.adjust"), adjust),
    card(t("account.redeem"), redeem),
    card(t("account.sign"), sign),
  );
}

/**
 * Returns the level for this number of earned points: the highest one reached, of equal ones the oldest; null for none.
 */
async function levelAt(earned) {
  let reached = null;
  await walk(
    "/api/loyalty/level/",
    {},
    {
      each: (levels) => {
        for (const level of levels) {
          const from = level.condition_points;
          if (from <= earned && from > (reached?.condition_points ?? -1)) reached = level;
        }
      },
    },
  );
  return reached;
}

/** Asks for confirmation if the points lead to another level, because taking them back does not lower it again. */
async function agreeToLevel(id, points) {
  if (!(Number(points) > 0)) return;
  const { level, earned_points: earned } = await get(`${ACCOUNT}${id}/`);
  const next = await levelAt(earned + Number(points));
  if (!next || next.id === level?.id) return;
  const lines = [t("account.adjust.lifts", { points: number(points), level: next.title })];
  const question = {
    title: t("account.adjust.lifts.title", { level: next.title }),
    lines,
    action: t("account.adjust"),
  };
  await agree({ ...question, kind: "primary" });
}

/** Asks for confirmation if the points have another worth now than the page shows. */
async function agreeToRate(account) {
  const current = await get(`${ACCOUNT}${account.customer.id}/`);
  if (current.level?.redeem_points === account.level?.redeem_points) return;
  const question = { title: t("account.rate_moved"), lines: [redeemHint(current)], action: t("account.redeem") };
  await agree({ ...question, kind: "primary" });
}

function redeemHint(account) {
  const price = account.level?.redeem_points;
  if (!price) return t("account.redeem.off");
  return t("account.redeem.hint", { most: number(account.redeemable_points), price: number(price) });
}

/** Returns the name of the kind of an entry. A `refund` below 0 takes back points that an order had earned. */
function kindOf({ kind, points }) {
  const name = kind === "refund" && points < 0 ? "taken_back" : kind;
  return has(`kind.${name}`) ? t(`kind.${name}`) : kind;
}

/** Returns the redemptions that were refunded in this tab, because their entries do not show it. */
const givenBack = () => inTab(KEPT) ?? [];
// The next token may belong to another shop, whose entries have the same ids.
window.addEventListener("unauthorized", () => keepInTab(KEPT, null));

/** Returns the list of all entries, newest first, with a button to refund a redemption. */
function ledger(id, signal, again) {
  const refund = (entry) => {
    const change = new Change();
    const run = async (event) => {
      const lines = [t("account.refund.text", { points: signed(-entry.points) })];
      if (!(await confirm({ title: t("account.refund.title"), lines, action: t("account.refund"), kind: "primary" })))
        return;
      event.target.disabled = true;
      try {
        const back = await change.send("POST", `${HISTORY}refund/`, { point_history_id: entry.id });
        keepInTab(KEPT, [...givenBack(), entry.id]);
        announce(t("account.done", { points: signed(back.points) }));
        await again();
      } catch (error) {
        event.target.disabled = false;
        const isFinal = error.status === 409 && !error.passes;
        fail(error, t("account.refund"), event.target, () =>
          replace(event.target.parentElement, isFinal ? null : event.target, errorBox(error)),
        );
      }
    };
    return h("div", { class: "cell-action" }, button(t("account.refund"), run, "small"));
  };
  return paged({
    path: HISTORY,
    filters: { customer: id },
    signal,
    caption: t("account.ledger"),
    empty: t("account.ledger.empty"),
    columns: [
      { title: t("entry.created_at"), cell: (row) => instant(row.created_at), kind: "main" },
      { title: t("entry.kind"), cell: (row) => badge(kindOf(row), row.points < 0 ? "minus" : "plus") },
      { title: t("entry.points"), cell: (row) => signed(row.points), kind: "number" },
      { title: t("entry.price"), cell: (row) => (row.points_price ? money(row.points_price) : "–"), kind: "number" },
      { title: t("entry.order"), cell: (row) => orderOf(row), kind: "number" },
      { title: t("entry.id"), cell: (row) => String(row.id), kind: "number" },
      {
        title: t("entry.action"),
        cell: (row) => (row.kind === "redeem" && row.points < 0 && !givenBack().includes(row.id) ? refund(row) : "–"),
        kind: "action",
      },
    ],
  });
}

/** Returns the order of an entry: its id, and the number that customers know. */
function orderOf({ order }) {
  if (!order) return "–";
  const { order_number: known } = order;
  return [String(order.id), known ? h("small", null, ` ${known}`) : null];
}

function codesOf(id, signal) {
  return paged({
    path: "/api/discounts/coupon_code/",
    filters: { customer: id },
    signal,
    caption: t("account.codes"),
    empty: t("account.codes.empty"),
    columns: codeColumns().filter(({ name }) => name !== "customer"),
    href: (row) => `#/codes/${row.id}`,
  });
}

/** Draws the account of a customer. */
export async function account({ title, params, signal, again }) {
  const found = await get(`${ACCOUNT}${params.id}/`, signal);
  const { customer } = found;
  return [
    h(
      "div",
      { class: "head" },
      title(nameOf(customer)),
      linkButton(t("code.issue"), `#/codes/issue?customer=${customer.id}`),
    ),
    facts(
      [t("customer.id"), String(customer.id)],
      [t("customer.mobile"), customer.mobile],
      [t("customer.email"), customer.email],
      [t("customer.birthday"), customer.birthday],
      [t("customer.note"), customer.note],
      [t("customer.created_at"), instant(customer.created_at)],
    ),
    summary(found),
    actions(found, again),
    card(t("account.ledger"), ledger(customer.id, signal, again)),
    card(t("account.codes"), codesOf(customer.id, signal)),
  ];
}
