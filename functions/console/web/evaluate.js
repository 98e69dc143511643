// A view to price a cart: with codes, for a customer, at a moment.

import { get, query as withQuery } from "./api.js";
import { unguarded } from "./csv.js";
import { card, h } from "./dom.js";
import { areaField, form, INCOMPLETE, instantField, listOf, numberField, values } from "./forms.js";
import { idOf } from "./customers.js";
import { instant, t } from "./i18n.js";
import { preview } from "./preview.js";
import { inTab, keepInTab } from "./tab.js";

const KEPT = "try";

/** Returns the possible readings of typed codes: the text as it is, without blanks, or as several codes. */
function readings(text) {
  const parts = text.normalize("NFKC").split(/\s+/);
  return [[text], [parts.join("")], parts];
}

/** Returns the stored codes of a text and the ids of their owners; a text that is not found stays as it is. */
async function found(text, signal) {
  const typed = (listOf(text) ?? []).map((code) => readings(unguarded(code)));
  const texts = [...new Set(typed.flat(2))].slice(0, 100).join(",");
  const rows = texts
    ? (await get(withQuery("/api/discounts/coupon_code/", { code__in: texts, page_size: 100 }), signal)).results
    : [];
  const owners = new Map(rows.map((row) => [row.code, row.customer_id]));
  const codes = typed.flatMap((ways) => ways.find((way) => way.every((code) => owners.has(code))) ?? ways[0]);
  return { codes, owners: [...new Set(codes.map((code) => owners.get(code)).filter(Boolean))] };
}

/** Returns a note about a cart without a named customer. */
function ownersNote(owners) {
  if (owners.length > 1) return t("try.owners");
  return owners.length === 1 ? t("try.owner", { customer: owners[0] }) : null;
}

/** Draws the view to price a cart. */
export function evaluate({ title, query, signal }) {
  const asked = Object.keys(query).length > 0 ? query : (inTab(KEPT) ?? {});
  const fields = [
    areaField("codes", t("try.codes"), {
      value: asked.codes ?? "",
      hint: t("hint.commas"),
      rows: 2,
      spellcheck: "false",
      "data-search": true,
    }),
    numberField("customer_id", t("code.customer_search"), {
      value: asked.customer ?? "",
      hint: t("try.customer.hint"),
      inputmode: "tel",
    }),
    instantField("at", t("try.at"), { value: asked.at, hint: t("try.at.hint") }),
  ];
  const element = form({
    fields,
    submit: t("try.price"),
    label: t("try.what"),
    send: async () => null,
    next: () => shown.soon(),
    kind: "",
    trial: true,
  });
  const more = async (stop) => {
    const { codes, customer_id, at } = values(element);
    const customer = await idOf("customer_id", customer_id, stop);
    const { codes: texts, owners } = await found(codes, stop);
    const owner = owners.length === 1 ? owners[0] : null;
    const moment = at && at !== INCOMPLETE ? t("try.moment", { at: instant(at).textContent }) : null;
    const notes = [moment, customer ? null : ownersNote(owners)];
    return { asked: { codes: texts.length > 0 ? texts : null, customer_id: customer || owner, at }, notes };
  };
  const shown = preview({ signal, more, beside: element });
  element.addEventListener("input", () => {
    const { codes, customer_id: customer, at } = values(element);
    keepInTab(KEPT, { codes, customer, at: at === INCOMPLETE ? null : at });
    shown.soon();
  });
  return [
    title(t("nav.evaluate")),
    h("p", { class: "lead" }, t("try.lead")),
    h("div", { class: "beside" }, card(t("try.what"), element), shown.element),
  ];
}
