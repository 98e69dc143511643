// A place to try a cart: with codes, as a customer, at a moment.

import { card, h } from "./dom.js";
import { areaField, form, INCOMPLETE, instantField, listOf, numberField, values } from "./forms.js";
import { idOf } from "./customers.js";
import { t } from "./i18n.js";
import { preview } from "./preview.js";
import { inTab, keepInTab } from "./tab.js";

const KEPT = "try";

/** The playground. */
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
    return { codes: listOf(codes), customer_id: customer || null, at };
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
