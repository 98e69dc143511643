// A code: whose it is, what it is worth, and what the staff can change of it.

import { Change, get } from "./api.js";
import { deleteButton } from "./deletion.js";
import { badge, card, facts, h } from "./dom.js";
import { form, numberField } from "./forms.js";
import { instant, t } from "./i18n.js";
import { nameOf } from "./customers.js";

const PATH = "/api/discounts/coupon_code/";
const TONES = { unused: "plus", used: "calm", expired: "minus" };

/** A status as a coloured word. */
export const statusBadge = (status) => badge(t(`status.${status}`), TONES[status]);

/** The columns of lists of codes. */
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
    { name: "ends_at", title: t("code.ends_at"), cell: (row) => instant(row.ends_at) ?? t("code.no_end") },
  ];
}

/** What somebody else has made of a code that is shown otherwise. */
function meanwhile({ status, used_at: at }) {
  return status === "used"
    ? t("code.used_already", { at: instant(at).textContent })
    : t("code.meanwhile", { status: t(`status.${status}`) });
}

/** Transfer while it is not used, and used or not used. */
function actions(code, again) {
  const put = new Change();
  const path = `${PATH}${code.id}/`;
  const isUsed = code.status === "used";
  const transfer = () =>
    form({
      label: t("code.transfer"),
      fields: [numberField("customer_id", t("code.transfer.to"), { hint: t("code.transfer.hint") })],
      submit: t("code.transfer"),
      kind: "",
      send: ({ customer_id }) => {
        if (Number(customer_id) === code.customer_id) throw new Error(t("code.transfer.same"));
        return put.send("PUT", path, { customer_id });
      },
      done: () => t("done.transferred"),
      next: again,
    });
  const to = isUsed ? "unused" : "used";
  const turn = form({
    label: t(`code.mark.${to}`),
    fields: [h("p", null, t(`code.mark.${to}.text`))],
    submit: t(`code.mark.${to}`),
    kind: "",
    send: async () => {
      // The API takes "used" for a used code. Whoever hands something out for it has to know who was first.
      const current = put.isOpen ? code : await get(path);
      if (current.status !== code.status) throw new Error(meanwhile(current));
      return put.send("PUT", path, { status: to });
    },
    done: ({ status }) => t(status === "expired" ? "done.given_back" : `done.${to}`),
    next: again,
  });
  return h(
    "div",
    { class: "columns" },
    isUsed ? null : card(t("code.transfer"), transfer()),
    card(t(`code.mark.${to}`), turn),
  );
}

function deletion(code) {
  const lines = [t(code.status === "used" ? "code.delete.used" : "code.delete.unused")];
  const ask = () => ({ title: t("code.delete.title", { code: code.code }), lines });
  return deleteButton({ path: `${PATH}${code.id}/`, name: code.code, list: "#/codes", ask });
}

/** One code. */
export async function code({ title, params, signal, again }) {
  const found = await get(`${PATH}${params.id}/`, signal);
  return [
    h("div", { class: "head" }, title(found.code), statusBadge(found.status)),
    card(
      null,
      facts(
        [t("code.id"), String(found.id)],
        [t("code.worth"), `${found.title} · ${found.verbose_title}`],
        [
          t("code.coupon"),
          h("a", { href: `#/coupons/${found.coupon_id}` }, found.coupon?.code_prefix ?? String(found.coupon_id)),
        ],
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
    actions(found, again),
    h("div", null, deletion(found)),
  ];
}
