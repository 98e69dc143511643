// Prices a cart while the user types. The API computes all prices, for stored rules and for drafts.

import { call, now } from "./api.js";
import { cartEditor } from "./cart.js";
import { card, h, replace } from "./dom.js";
import { clearErrors, errorBox, flatten, showErrors } from "./errors.js";
import { instant, t } from "./i18n.js";
import { ruleErrors } from "./price_rule_form.js";
import { forgetNames, learnNames, priced } from "./priced.js";

/** Milliseconds without typing before the cart is priced. */
const PAUSE = 250;
const PATH = "/api/discounts/evaluate/";

/** Id under which a new rule is priced: the largest one, so that it counts as the newest rule. */
export const NEW_RULE = 9007199254740991;

/** Returns the part of an error that is about the draft: fields that are not filled in yet. */
function ofDraft(error) {
  if (error.status !== 400) return [];
  const found = [...flatten(error.body)].filter(([path]) => path.startsWith("draft_price_rules."));
  return found.map(([path, messages]) => ruleErrors(path.split(".").slice(2).join("."), messages));
}

/**
 * Returns a cart with its price. `draft` returns the rule to try, null for none, or a text about missing fields. `more`
 * returns further fields of the request (`asked`) and `notes` above the result. `soon` prices again after a moment
 * without changes, and only the newest reply is shown. `beside` is the form of `more`, where errors of its fields
 * appear.
 */
export function preview({ signal, draft = () => null, more = () => ({}), beside = null }) {
  forgetNames();
  const result = h("div", { "aria-live": "polite", class: "result", "data-result": true });
  let timer = null;
  let asking = null;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(run, PAUSE);
  };
  const cart = cartEditor(soon);
  const form = h(
    "form",
    { class: "form", "aria-label": t("cart.title"), novalidate: true },
    h("div", { "data-summary": true }),
    cart.element,
  );
  form.addEventListener("submit", (event) => event.preventDefault());
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    asking?.abort();
  });
  const clear = () => [form, beside].forEach((one) => one && clearErrors(one));
  // Errors are shown in the fields without moving the focus, because the user may be typing.
  const shownBeside = (error) => {
    const focused = document.activeElement;
    const shown = showErrors(inCart(error) || !beside ? form : beside, error);
    focused?.focus();
    return shown > 0;
  };
  const run = async () => {
    asking?.abort();
    const mine = new AbortController();
    asking = mine;
    result.setAttribute("aria-busy", "true");
    try {
      const rule = await draft(mine.signal);
      // Without a value of the discount there is nothing to price.
      const missing = typeof rule === "string" ? rule : rule?.value === "" ? t("preview.no_value") : null;
      if (mine.signal.aborted) return;
      if (missing) return replace(result, h("p", { class: "note" }, missing));
      const { asked, notes: said = [] } = await more(mine.signal);
      // A rule that begins later is priced at its start.
      const at = rule?.starts_at && Date.parse(rule.starts_at) > now() ? rule.starts_at : null;
      const notes = [...said, at ? t("preview.at", { at: instant(at).textContent }) : null];
      const body = {
        ...cart.body(),
        ...asked,
        ...(at ? { at } : {}),
        ...(rule ? { draft_price_rules: [{ ...rule, title: rule.title || t("rule.untitled") }] } : {}),
      };
      if (mine.signal.aborted) return;
      const reply = await call("POST", PATH, { body, signal: mine.signal, writesNothing: true });
      const drafts = new Map(rule ? [[rule.id, rule.title || t("rule.untitled")]] : []);
      const ids = reply.rules.map((one) => one.price_rule_id).filter((id) => !drafts.has(id));
      await learnNames(ids, mine.signal);
      if (mine.signal.aborted) return;
      clear();
      replace(
        result,
        notes.filter(Boolean).map((text) => h("p", { class: "note" }, text)),
        priced(reply, body, drafts),
      );
    } catch (error) {
      if (error.name === "AbortError" || mine.signal.aborted) return;
      clear();
      const missing = ofDraft(error);
      if (missing.length > 0)
        replace(
          result,
          h(
            "div",
            { class: "note" },
            h("p", null, t("preview.incomplete")),
            h(
              "ul",
              null,
              missing.map((text) => h("li", null, text)),
            ),
          ),
        );
      else if (error.status === 400 && shownBeside(error))
        replace(result, h("p", { class: "note" }, t("preview.cart")));
      else replace(result, errorBox(error, run));
    } finally {
      if (asking === mine) result.removeAttribute("aria-busy");
    }
  };
  run();
  const element = h("div", { class: "preview" }, card(t("cart.title"), form), card(t("priced.title"), result));
  return { element, soon };
}

/** True if an error is about the cart and is shown in its fields. */
function inCart(error) {
  return [...flatten(error.body).keys()].every((path) => path.startsWith("lines") || path === "shipping_price");
}
