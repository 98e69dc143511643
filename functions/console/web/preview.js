// Prices a cart as one types. The API does the pricing, stored rules and drafts alike: nothing is computed here.

import { call, now } from "./api.js";
import { cartEditor } from "./cart.js";
import { card, h, replace } from "./dom.js";
import { clearErrors, errorBox, flatten, showErrors } from "./errors.js";
import { instant, t } from "./i18n.js";
import { ruleErrors } from "./price_rule_form.js";
import { forgetNames, learnNames, priced } from "./priced.js";

/** How long one has to stop typing, in milliseconds. */
const PAUSE = 250;
const PATH = "/api/discounts/evaluate/";

/** The id under which a rule is priced that is not there yet: the largest, so that it is the newest of all. */
export const NEW_RULE = 9007199254740991;

/** What of an error is about the draft: the fields that are not filled in yet. */
function ofDraft(error) {
  if (error.status !== 400) return [];
  const found = [...flatten(error.body)].filter(([path]) => path.startsWith("draft_price_rules."));
  return found.map(([path, messages]) => ruleErrors(path.split(".").slice(2).join("."), messages));
}

/**
 * A cart and what it costs. `draft` answers the rule as it would be, null for none, or a text for what is missing; `more` what
 * else is `asked`, and `notes` over the answer. `soon` prices
 * anew when nothing has changed for a moment, and only the newest answer is shown. `beside` is the form of `more`, where the
 * errors of its fields appear.
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
  // The errors stand in the fields, and whoever types goes on typing.
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
      // Nothing to ask while it is not said how much is off.
      const missing = typeof rule === "string" ? rule : rule?.value === "" ? t("preview.no_value") : null;
      if (mine.signal.aborted) return;
      if (missing) return replace(result, h("p", { class: "note" }, missing));
      const { asked, notes: said = [] } = await more(mine.signal);
      // What begins later is seen as it will be then.
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

/** Whether an error is about the cart, and stands in its fields. */
function inCart(error) {
  return [...flatten(error.body).keys()].every((path) => path.startsWith("lines") || path === "shipping_price");
}
