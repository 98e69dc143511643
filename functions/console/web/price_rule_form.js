// The fields of a price rule in the words of a merchant. Fields have the API's names where its errors point to them.

import { freshId, h } from "./dom.js";
import { withoutMinus } from "./errors.js";
import {
  areaField,
  checkField,
  choiceField,
  group,
  INCOMPLETE,
  instantField,
  linesOf,
  listOf,
  numberField,
  textField,
} from "./forms.js";
import { has, said, t } from "./i18n.js";

const AT_LEAST = "greater_than_or_equal_to";
const AT_MOST = "less_than_or_equal_to";
const RATIO = "prerequisite_to_entitlement_quantity_ratio";
/** Field with names that may contain commas; each name has a line. */
const VENDORS = "entitled_vendor_titles";
const ENTITLED = ["entitled_product_ids", "entitled_collection_ids", "entitled_category_ids", VENDORS];

/** Fields whose labels differ from the names in the API. */
const LABELS = {
  prerequisite_quantity_range: "quantity",
  prerequisite_subtotal_range: "subtotal",
  prerequisite_shipping_price_range: "shipping",
  [RATIO]: "buy",
  [`${RATIO}.prerequisite_quantity`]: "buy",
  [`${RATIO}.entitled_quantity`]: "get",
  target_type: "kind",
  value_type: "kind",
};

/** Returns the errors of a field of a rule, after the label of the field. */
export function ruleErrors(path, messages) {
  const field = path in LABELS ? path : path.split(".")[0];
  const name = `rule.${LABELS[field] ?? field}`;
  const texts = messages.map((message) => said(field === "value" ? withoutMinus(message) : message));
  return `${has(name) ? t(name) : path}: ${texts.join(" ")}`;
}

/** Fields that define the discount. They belong together: a value means nothing without its kind. */
export const TERMS = [
  "value",
  "value_type",
  "target_type",
  "allocation_method",
  "target_selection",
  ...ENTITLED,
  "prerequisite_quantity_range",
  "prerequisite_subtotal_range",
  "prerequisite_shipping_price_range",
  RATIO,
  "accumulate",
  "allocation_limit",
];

/** Returns the kind of a rule, one of four. */
function kindOf(rule) {
  if (!rule) return "percentage";
  if (rule.target_type === "shipping_line") return "free_shipping";
  return rule[RATIO] ? "buy_x_get_y" : rule.value_type;
}

/** Fields that only some kinds have; all other fields are shown for every kind. */
const ONLY = {
  value: ["percentage", "fixed_amount", "buy_x_get_y"],
  allocation_method: ["percentage", "fixed_amount"],
  prerequisite_quantity_range: ["percentage", "fixed_amount", "free_shipping"],
  prerequisite_subtotal_range: ["percentage", "fixed_amount", "free_shipping"],
  prerequisite_shipping_price_range: ["free_shipping"],
  buy: ["buy_x_get_y"],
  get: ["buy_x_get_y"],
  accumulate: ["fixed_amount"],
  target_selection: ["percentage", "fixed_amount", "free_shipping"],
};

function show(element, kind, selection) {
  for (const [name, kinds] of Object.entries(ONLY)) {
    element.querySelector(`[data-field="${name}"]`).hidden = !kinds.includes(kind);
  }
  const entitled = kind === "buy_x_get_y" || selection === "entitled";
  for (const name of ENTITLED) element.querySelector(`[data-field="${name}"]`).hidden = !entitled;
  const times = element.querySelector('[data-field="allocation_limit"] label');
  times.textContent = t(kind === "buy_x_get_y" ? "rule.times" : "rule.allocation_limit");
  const unit = element.querySelector("[data-unit]");
  unit.textContent = kind === "fixed_amount" ? "¥" : "%";
}

/**
 * Returns the fields. `automatic` adds the choice that carts get the rule without a code, which the rule of a coupon
 * cannot have.
 */
export function ruleFields(rule, { automatic }) {
  const value = (name, otherwise) => rule?.[name] ?? otherwise;
  const bound = (name, key) => rule?.[name]?.[key] ?? "";
  const ratio = rule?.[RATIO];
  const kinds = ["percentage", "fixed_amount", "free_shipping", "buy_x_get_y"].map((kind) => [
    kind,
    t(`rule.kind.${kind}`),
  ]);
  // The values of a free-shipping rule were set by its kind, not typed by a user.
  const isFree = kindOf(rule) === "free_shipping";
  const off = isFree ? "" : String(value("value", "")).replace(/^-/, "");
  const unit = h("span", { class: "unit", "data-unit": true, "aria-hidden": "true" });
  const amount = { hint: t("hint.yuan"), inputmode: "decimal" };
  const element = h(
    "div",
    { class: "rule-fields" },
    group(
      t("rule.group.what"),
      textField("title", t("rule.title"), { value: value("title", ""), wide: true }),
      choiceField("kind", t("rule.kind"), kinds, { value: kindOf(rule) }),
      numberField("value", t("rule.value"), {
        value: off,
        inputmode: "decimal",
        hint: t("rule.value.hint"),
        after: unit,
      }),
      numberField("buy", t("rule.buy"), { value: ratio?.prerequisite_quantity ?? "" }),
      numberField("get", t("rule.get"), { value: ratio?.entitled_quantity ?? "", hint: t("rule.get.hint") }),
      choiceField(
        "allocation_method",
        t("rule.allocation_method"),
        [
          ["across", t("rule.across")],
          ["each", t("rule.each")],
        ],
        {
          value: ONLY.allocation_method.includes(kindOf(rule)) ? value("allocation_method", "across") : "across",
          hint: t("rule.allocation_method.hint"),
        },
      ),
    ),
    group(
      t("rule.group.which"),
      choiceField(
        "target_selection",
        t("rule.target_selection"),
        [
          ["all", t("rule.all")],
          ["entitled", t("rule.entitled")],
        ],
        {
          value: value("target_selection", "all"),
        },
      ),
      ENTITLED.map((name) =>
        areaField(name, t(`rule.${name}`), {
          value: (rule?.[name] ?? []).join(name === VENDORS ? "\n" : ", "),
          hint: t(name === VENDORS ? "hint.lines" : "hint.commas"),
          rows: 2,
        }),
      ),
    ),
    group(
      t("rule.group.when"),
      numberField("prerequisite_quantity_range", t("rule.quantity"), {
        value: bound("prerequisite_quantity_range", AT_LEAST),
        hint: t("rule.quantity.hint"),
      }),
      numberField("prerequisite_subtotal_range", t("rule.subtotal"), {
        value: bound("prerequisite_subtotal_range", AT_LEAST),
        ...amount,
        hint: t("rule.subtotal.hint"),
      }),
      numberField("prerequisite_shipping_price_range", t("rule.shipping"), {
        value: bound("prerequisite_shipping_price_range", AT_MOST),
        ...amount,
      }),
      checkField("accumulate", t("rule.accumulate"), {
        value: value("accumulate", false),
        hint: t("rule.accumulate.hint"),
      }),
      h(
        "div",
        { class: "dates" },
        instantField("starts_at", t("rule.starts_at"), { value: rule?.starts_at, hint: t("hint.zone") }),
        instantField("ends_at", t("rule.ends_at"), { value: rule?.ends_at, hint: t("hint.no_end") }),
      ),
    ),
    group(
      t("rule.group.how"),
      checkField("is_enabled", t("rule.is_enabled"), { value: value("is_enabled", true) }),
      automatic
        ? checkField("automatic_discount", t("rule.automatic_discount"), {
            value: value("automatic_discount", false),
            hint: t("rule.automatic_discount.hint"),
          })
        : null,
      checkField("once_per_customer", t("rule.once_per_customer"), {
        value: value("once_per_customer", false),
        hint: t("rule.once_per_customer.hint"),
      }),
      numberField("priority", t("rule.priority"), {
        value: value("priority", 0),
        hint: t("rule.priority.hint"),
        inputmode: "text",
      }),
      numberField("usage_limit", t("rule.usage_limit"), {
        value: value("usage_limit", 0),
        hint: t("rule.usage_limit.hint"),
      }),
      numberField("allocation_limit", t("rule.allocation_limit"), {
        value: value("allocation_limit", 0),
        hint: t("rule.allocation_limit.hint"),
      }),
    ),
  );
  const kind = element.querySelector("[name=kind]");
  const adapt = () => show(element, kind.value, element.querySelector("[name=target_selection]").value);
  element.addEventListener("change", adapt);
  // A quota of codes is not a number of times in one cart. When the kind changes, the user must enter the limit again.
  let withRatio = kind.value === "buy_x_get_y";
  kind.addEventListener("change", () => {
    const limit = element.querySelector("[name=allocation_limit]");
    if (withRatio !== (kind.value === "buy_x_get_y") && limit.value !== "0") limit.value = "";
    withRatio = kind.value === "buy_x_get_y";
  });
  adapt();
  // These have no field of their own; their errors are shown at other fields.
  for (const [name, at] of [
    [RATIO, "buy"],
    [`${RATIO}.entitled_quantity`, "get"],
    ["target_type", "kind"],
    ["value_type", "kind"],
  ]) {
    const field = element.querySelector(`[data-field="${at}"]`);
    const id = freshId("error");
    field.append(h("p", { class: "field-error", id, "data-error": name }));
    const control = field.querySelector("input, select");
    control.setAttribute("aria-describedby", `${control.getAttribute("aria-describedby")} ${id}`);
  }
  element.querySelector("[data-error=value]").dataset.positive = "true";
  return element;
}

/** Returns the bound of a range; "at least 0" is no bound. */
const range = (text, bound) => (text && !(bound === AT_LEAST && Number(text) === 0) ? { [bound]: text } : null);

/**
 * Returns the ids of a list. An id that begins with 0 is part of a number with separators; the API refuses it beside
 * the field.
 */
const idsOf = (text) => listOf(text)?.map((id) => (/^0\d/.test(id) ? INCOMPLETE : id)) ?? null;

/** Returns the body of a rule from the fields. Fields that its kind does not have are cleared. */
export function bodyOf(read) {
  const { kind } = read;
  const asks = (name) => !(name in ONLY) || ONLY[name].includes(kind);
  const selection = kind === "buy_x_get_y" ? "entitled" : read.target_selection;
  const entitled = Object.fromEntries(
    ENTITLED.map((name) => [name, selection === "entitled" ? (name === VENDORS ? linesOf : idsOf)(read[name]) : null]),
  );
  const off = read.value.startsWith("-") || read.value === "" ? read.value : `-${read.value}`;
  return {
    title: read.title,
    value: kind === "free_shipping" ? "-100.00" : off,
    value_type: kind === "fixed_amount" ? "fixed_amount" : "percentage",
    target_type: kind === "free_shipping" ? "shipping_line" : "line_item",
    allocation_method: asks("allocation_method") ? read.allocation_method : "each",
    target_selection: selection,
    ...entitled,
    prerequisite_quantity_range: asks("prerequisite_quantity_range")
      ? range(read.prerequisite_quantity_range, AT_LEAST)
      : null,
    prerequisite_subtotal_range: asks("prerequisite_subtotal_range")
      ? range(read.prerequisite_subtotal_range, AT_LEAST)
      : null,
    prerequisite_shipping_price_range: asks("prerequisite_shipping_price_range")
      ? range(read.prerequisite_shipping_price_range, AT_MOST)
      : null,
    [RATIO]: kind === "buy_x_get_y" ? { prerequisite_quantity: read.buy, entitled_quantity: read.get } : null,
    accumulate: asks("accumulate") ? read.accumulate : false,
    starts_at: read.starts_at,
    ends_at: read.ends_at,
    is_enabled: read.is_enabled,
    automatic_discount: read.automatic_discount ?? false,
    once_per_customer: read.once_per_customer,
    priority: read.priority,
    usage_limit: read.usage_limit,
    allocation_limit: read.allocation_limit,
  };
}
