// An example cart with lines to edit. The tab keeps it, and all views that price a cart share it.

import { button, h, replace } from "./dom.js";
import { listOf, numberField, textField, values } from "./forms.js";
import { t } from "./i18n.js";
import { inTab, keepInTab } from "./tab.js";

const KEPT = "cart";

const EXAMPLE = {
  lines: [
    { product_id: "1001", quantity: "2", price: "100.00" },
    { product_id: "1002", quantity: "1", price: "59.90" },
  ],
  shipping_price: "12.00",
};

/** Returns the editor of the cart. It calls `changed` after every change; `body()` returns the body for the API. */
export function cartEditor(changed) {
  const cart = inTab(KEPT) ?? structuredClone(EXAMPLE);
  const box = h("div", { class: "cart" });
  const note = () => {
    keepInTab(KEPT, cart);
    changed();
  };
  const input = (line, name, field) => {
    field.addEventListener("input", () => {
      line[name] = values(field)[name];
      note();
    });
    // Errors of the API name a line by its index.
    const index = cart.lines.indexOf(line);
    const slot = field.querySelector("[data-error]");
    slot.dataset.error = index < 0 ? name : `lines.${index}.${name}`;
    return field;
  };
  const lineFields = (line, index) => {
    const of = (name, more) =>
      input(
        line,
        name,
        (more?.text ? textField : numberField)(name, t(`cart.${name}`), { value: line[name] ?? "", ...more?.set }),
      );
    const remove = () => {
      cart.lines.splice(index, 1);
      draw();
      note();
    };
    return h(
      "fieldset",
      { class: "cart-line" },
      h("legend", null, t("cart.line", { number: index + 1 })),
      h(
        "div",
        { class: "line-fields" },
        of("product_id"),
        of("quantity"),
        of("price", { set: { inputmode: "decimal" } }),
      ),
      h(
        "details",
        { open: Boolean(line.collection_ids || line.category_ids || line.vendor_title) },
        h("summary", null, t("cart.more")),
        h(
          "div",
          { class: "line-fields" },
          of("collection_ids", { text: true }),
          of("category_ids", { text: true }),
          of("vendor_title", { text: true }),
        ),
        button(t("cart.remove"), remove, "quiet small"),
      ),
    );
  };
  const add = () => {
    cart.lines.push({ product_id: String(1001 + cart.lines.length), quantity: "1", price: "10.00" });
    draw();
    note();
    box.querySelector("fieldset:last-of-type input")?.focus();
  };
  const shipping = () =>
    input(
      cart,
      "shipping_price",
      numberField("shipping_price", t("cart.shipping_price"), { value: cart.shipping_price, inputmode: "decimal" }),
    );
  const draw = () =>
    replace(
      box,
      cart.lines.map(lineFields),
      h("div", { class: "cart-end" }, shipping(), button(t("cart.add"), add, "small", { "data-add-line": true })),
    );
  draw();
  const body = () => ({
    lines: cart.lines.map((line, index) => ({
      id: index + 1,
      product_id: line.product_id || null,
      quantity: line.quantity,
      price: line.price,
      collection_ids: listOf(line.collection_ids ?? ""),
      category_ids: listOf(line.category_ids ?? ""),
      vendor_title: line.vendor_title || null,
    })),
    shipping_price: cart.shipping_price || "0",
  });
  return { element: box, body, lines: cart.lines };
}
