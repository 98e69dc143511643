// Fields and forms. A field has a label, a hint, and a place for its errors.

import { announce } from "./announce.js";
import { button, freshId, h, isShown, linkButton } from "./dom.js";
import { clearErrors, fail, showErrors } from "./errors.js";
import { t } from "./i18n.js";

function wrap(name, label, control, { hint, wide, after } = {}) {
  const id = freshId("field");
  control.id = id;
  control.name = name;
  const hintId = hint ? `${id}-hint` : null;
  control.setAttribute("aria-describedby", [hintId, `${id}-error`].filter(Boolean).join(" "));
  return h(
    "div",
    { class: wide ? "field wide" : "field", "data-field": name },
    h("label", { for: id }, label),
    h("div", { class: "control" }, control, after ?? null),
    hint ? h("p", { class: "hint", id: hintId }, hint) : null,
    h("p", { class: "field-error", id: `${id}-error`, "data-error": name }),
  );
}

/** Returns a field of one line of text; `type`, `inputmode` and the like go to the input. */
export function textField(name, label, { value = "", hint, wide, after, ...more } = {}) {
  const control = h("input", { type: "text", autocomplete: "off", value: String(value ?? ""), ...more });
  return wrap(name, label, control, { hint, wide, after });
}

/**
 * Returns a typed number in plain digits: an input method may have made them full-width, and they may have separators.
 */
export const plainNumber = (text) =>
  text
    .trim()
    .normalize("NFKC")
    .replace("\u2212", "-")
    .replace(/^[-+]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?$/, (grouped) => grouped.replaceAll(",", ""));

/**
 * Returns a field of a number; `inputmode` says if it has decimals. The number is sent as typed, except width and
 * separators.
 */
export function numberField(name, label, options = {}) {
  return textField(name, label, { inputmode: "numeric", "data-number": true, ...options });
}

/** Returns a field of several lines of text. */
export function areaField(name, label, { value = "", hint, rows = 4, ...more } = {}) {
  return wrap(name, label, h("textarea", { rows, value, ...more }), { hint, wide: true });
}

/** Returns a field with a choice; `choices` are pairs of a value and its text. */
export function choiceField(name, label, choices, { value = "", hint, ...more } = {}) {
  const options = choices.map(([key, text]) => h("option", { value: key, selected: key === value }, text));
  return wrap(name, label, h("select", more, options), { hint });
}

/** Returns a field for yes or no. */
export function checkField(name, label, { value = false, hint, ...more } = {}) {
  const id = freshId("field");
  const described = [hint ? `${id}-hint` : null, `${id}-error`].filter(Boolean).join(" ");
  const box = h("input", { type: "checkbox", id, name, checked: value, "aria-describedby": described, ...more });
  return h(
    "div",
    { class: "field check", "data-field": name },
    h("label", { for: id }, box, h("span", null, label)),
    hint ? h("p", { class: "hint", id: `${id}-hint` }, hint) : null,
    h("p", { class: "field-error", id: `${id}-error`, "data-error": name }),
  );
}

/**
 * Returns a field of an instant in the zone of the shop. For the API a time without an offset is in that zone. An
 * untouched instant is sent as it came.
 */
export function instantField(name, label, { value, hint, ...more } = {}) {
  const shown = value ? value.slice(0, 19) : "";
  const control = h("input", {
    type: "datetime-local",
    step: 1,
    min: "1970-01-01T00:00",
    max: "9999-12-31T23:59:59",
    value: shown,
    "data-sent": value ?? "",
    "data-shown": shown,
  });
  for (const [key, setting] of Object.entries(more)) control.setAttribute(key, setting);
  // The browser may change the value, so an untouched field is recognised by the browser's value.
  control.dataset.shown = control.value;
  return wrap(name, label, control, { hint });
}

/** Value that is sent for incomplete input, such as a day without a time. The API refuses it beside the field. */
export const INCOMPLETE = "incomplete";

function instantOf(control) {
  const { badInput, rangeUnderflow, rangeOverflow } = control.validity;
  const isTouched = control.value !== control.dataset.shown;
  if (badInput || (isTouched && (rangeUnderflow || rangeOverflow))) return INCOMPLETE;
  return control.value === control.dataset.shown ? control.dataset.sent || null : control.value || null;
}

/** Returns the values of a form by name: booleans for boxes, null for empty times, texts for all others. */
export function values(form) {
  const found = {};
  for (const control of form.querySelectorAll("input[name], select[name], textarea[name]")) {
    if (control.type === "checkbox") found[control.name] = control.checked;
    else if (control.type === "datetime-local") {
      found[control.name] = instantOf(control);
    } else if ("number" in control.dataset) found[control.name] = plainNumber(control.value);
    else found[control.name] = control.value.trim();
  }
  return found;
}

/** Returns the fields with unsent input. A form that waits for its reply was sent. */
const typed = () => [...document.querySelectorAll("#main [data-typed]:not(form[aria-busy] *)")];

const forget = (controls) => controls.forEach((control) => delete control.dataset.typed);

/** True if a form of the view has unsent input. */
export const isTyped = () => typed().length > 0;

/** Forgets that there is unsent input, so that nobody is asked about it. */
export const forgetTyped = () => forget(typed());

/**
 * Takes the unsent input, and with `refused` also input whose sender was refused. Returns a function that puts it into
 * the same forms when they are drawn again. Input that was sent without a reply is left out: from another form it would
 * be another change.
 */
export function takeTyped(refused = false) {
  const forms = () => [...document.querySelectorAll("#main form")];
  const before = forms();
  const taken = (refused ? [...document.querySelectorAll("#main form [data-typed]")] : typed())
    .filter(({ form: of }) => of && !of.matches("[data-unanswered]"))
    .map(({ form: of, name, value, checked }) => ({ at: before.indexOf(of), name, value, checked }));
  return () => {
    for (const { at, name, value, checked } of taken) {
      const control = forms()[at]?.elements.namedItem(name);
      if (!control) continue;
      Object.assign(control, { value, checked });
      for (const kind of ["input", "change"]) control.dispatchEvent(new Event(kind, { bubbles: true }));
    }
  };
}

/** Puts the focus back into the form after its view was drawn again, or onto the heading. */
function keepFocus(label, name) {
  if (document.activeElement !== document.body) return;
  const same = [...document.querySelectorAll("#main form")].find((one) => one.getAttribute("aria-label") === label);
  const control = same?.elements.namedItem(name) ?? same?.querySelector("[type=submit]:enabled");
  (control ?? document.querySelector("#main h1"))?.focus({ preventScroll: true });
}

/** Draws the view again after a change outside of it. */
export const redraw = () => window.dispatchEvent(new Event("redraw"));

/**
 * Returns a form that sends only once at a time, marks fields with unsent input as `data-typed`, and shows errors.
 * `send` gets the values. From its result `done` makes a text to announce, and `next` goes to the next view, unless the
 * user has left the view meanwhile: what was sent is not taken back, and must not change another view. If the same view
 * was opened again meanwhile, it is drawn again. `under` is the name in which the API nests the fields. A `trial`
 * changes nothing, so its input needs no question.
 */
export function form({ fields, submit, cancel, send, done, next, under, kind = "primary", label, extra, trial }) {
  const go = h("button", { type: "submit", class: `button ${kind}` }, submit);
  const actions = h(
    "div",
    { class: "actions" },
    go,
    cancel ? linkButton(t("action.cancel"), cancel, "quiet") : null,
    extra,
  );
  const element = h(
    "form",
    { class: "form", novalidate: true, "aria-label": label },
    h("div", { "data-summary": true }),
    h("div", { class: "fields" }, fields),
    actions,
  );
  const address = location.hash;
  element.addEventListener("input", (event) => {
    if (!trial) event.target.dataset.typed = "";
  });
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (go.disabled) return;
    go.disabled = true;
    element.setAttribute("aria-busy", "true");
    const { name } = document.activeElement;
    const sent = [...element.querySelectorAll("[data-typed]")].map((control) => [control, control.value]);
    clearErrors(element);
    try {
      const result = await send(values(element));
      go.disabled = false;
      forget(sent.filter(([control, value]) => control.value === value).map(([control]) => control));
      delete element.dataset.unanswered;
      if (done) announce(done(result));
      if (isShown(element)) {
        await next(result);
        keepFocus(label, name);
      } else if (location.hash === address) redraw();
    } catch (error) {
      if (error.isRefusal) delete element.dataset.unanswered;
      else if (error.isRefusal === false && !error.changesNothing) element.dataset.unanswered = "";
      fail(error, label, element, () => showErrors(element, error, under));
    } finally {
      go.disabled = false;
      element.removeAttribute("aria-busy");
    }
  });
  return element;
}

/** Returns a group of fields with a legend. */
export function group(legend, ...fields) {
  return h("fieldset", { class: "group" }, h("legend", null, legend), h("div", { class: "fields" }, fields));
}

/** Returns the items of a text with commas or other separators as a list; null if it is empty. */
export function listOf(text, separator = /[,;\uff0c\uff1b\u3001\t\n]/) {
  const items = text
    .split(separator)
    .map((item) => item.trim())
    .filter(Boolean);
  return items.length > 0 ? items : null;
}

/** Returns the lines of a text as a list; null if it is empty. */
export const linesOf = (text) => listOf(text, "\n");

/** Asks before an action that cannot be undone. Returns true to do it. */
export function confirm({ title, lines, action, kind = "danger" }) {
  return new Promise((resolve) => {
    const id = freshId("dialog");
    const dialog = h("dialog", { "aria-labelledby": id, "aria-describedby": `${id}-text`, class: "dialog" });
    let answer = false;
    const close = (chosen) => {
      answer = chosen;
      dialog.close();
    };
    const no = button(t("action.cancel"), () => close(false), "quiet", { autofocus: true });
    const yes = button(action, () => close(true), kind);
    dialog.append(
      h("h2", { id }, title),
      h(
        "div",
        { id: `${id}-text` },
        lines.map((line) => h("p", null, line)),
      ),
      h("div", { class: "actions" }, yes, no),
    );
    // The dialog may be closed by a button, by Escape, or by a change of the view.
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(answer);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Asks like `confirm`. If the answer is no, stops the action and leaves the form as it is. */
export async function agree(question) {
  if (!(await confirm(question))) throw new DOMException("", "AbortError");
}
