// Errors of the API as texts, beside the fields that they name.

import { announce } from "./announce.js";
import { h, isShown, linkButton, replace } from "./dom.js";
import { said, t } from "./i18n.js";

/** Returns the messages of a body by the path of their field: `{"price_rule.value": ["..."]}`. */
export function flatten(body, path = "") {
  const found = new Map();
  const add = (at, messages) => found.set(at, [...(found.get(at) ?? []), ...messages]);
  if (typeof body === "string") add(path, [body]);
  else if (Array.isArray(body) && body.every((item) => typeof item === "string")) add(path, body);
  else if (body && typeof body === "object") {
    for (const [name, value] of Object.entries(body)) {
      for (const [at, messages] of flatten(value, path ? `${path}.${name}` : name)) add(at, messages);
    }
  }
  return found;
}

/** Returns an error of a field, in the form in which the API would send it. */
export const refusal = (field, text) => Object.assign(new Error(), { status: 400, body: { [field]: [text] } });

/** Describes an error in one or two sentences. */
export function describe(error) {
  if (error.status === undefined) return String(error.message ?? error);
  const maybe = error.method && !error.changesNothing ? ` ${t("error.maybe")}` : "";
  if (error.status === 0) return t("error.network") + maybe;
  if (error.status === 401) return t("error.401");
  if (error.status === 403) return t("error.403", { scope: error.scope });
  const detail = typeof error.body?.detail === "string" ? said(error.body.detail) : null;
  // A user who changes a row has seen it, so a 404 means that it is gone.
  if (error.status === 404 && error.method && error.method !== "GET") return t("error.gone");
  if (error.status === 404) return detail ?? t("error.404");
  if (error.status === 429) return t("error.429", { seconds: error.retryAfter ?? 1 });
  if (error.status >= 500) return t("error.5xx", { status: error.status }) + maybe;
  if (detail) return detail;
  const lines = [...flatten(error.body)].map(([path, messages]) => {
    const text = messages.map(said).join(" ");
    return path && path !== "non_field_errors" ? `${path}: ${text}` : text;
  });
  return lines.join("\n") || t("error.other", { status: error.status });
}

/**
 * Returns the message about a negative number for a field that asks for it without the minus: the bounds change sides.
 */
export function withoutMinus(message) {
  return message
    .replace("greater than or equal to -", "less than or equal to ")
    .replace("less than 0.", "greater than 0.");
}

/** Returns a box with an error. */
export function errorBox(error, retry) {
  if (!(error instanceof Error) && typeof error !== "string") return null;
  const text = typeof error === "string" ? error : describe(error);
  const id = error.requestId ? h("p", { class: "request-id" }, t("error.request_id", { id: error.requestId })) : null;
  // A missing scope is still missing a moment later.
  const again =
    retry && error.status !== 403
      ? h("button", { type: "button", class: "button", onclick: retry }, t("action.try_again"))
      : null;
  const home = error.status === 404 && !retry ? linkButton(t("action.back"), "#/") : null;
  return h("div", { class: "error-box", role: "alert" }, h("p", null, text), id, again, home);
}

/** Shows an error in the view of an element. If the user has left the view, only announces that `name` failed. */
export function fail(error, name, element, show) {
  if (error.name === "AbortError") return;
  if (isShown(element)) show();
  // After a 401 the form that asks for a token shows the error.
  else if (error.status !== 401) announce(`${name}: ${describe(error)}`);
}

/** Removes the errors of an earlier attempt from a form. */
export function clearErrors(form) {
  for (const slot of form.querySelectorAll("[data-error]")) slot.textContent = "";
  for (const control of form.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
  const summary = form.querySelector("[data-summary]");
  if (summary) replace(summary);
}

/**
 * Shows the errors of a form beside their fields, and errors without a field above them. `under` is the name in which
 * the API nests the fields of the form. Returns the number of fields that were found.
 */
export function showErrors(form, error, under = "") {
  clearErrors(form);
  const rest = [];
  let found = 0;
  let first = null;
  const fields = error.status === 400 && error.body && !error.body.detail ? flatten(error.body) : new Map();
  for (const [path, messages] of fields) {
    const name = under && path.startsWith(`${under}.`) ? path.slice(under.length + 1) : path;
    const slot = slotOf(form, name);
    const text = messages.map((message) => said(slot?.dataset.positive ? withoutMinus(message) : message)).join(" ");
    // A hidden field cannot show its error.
    if (!slot || slot.closest("[hidden]")) {
      rest.push(slot || path === "non_field_errors" ? text : `${path}: ${text}`);
      continue;
    }
    found += 1;
    slot.textContent = slot.textContent ? `${slot.textContent} ${text}` : text;
    const control = form.querySelector(`[aria-describedby~="${slot.id}"]`);
    control?.setAttribute("aria-invalid", "true");
    first ??= control;
  }
  const summary = form.querySelector("[data-summary]");
  if (summary && fields.size === 0) replace(summary, errorBox(error));
  else if (summary && rest.length > 0) replace(summary, errorBox(rest.join("\n")));
  first?.focus();
  return found;
}

/** Returns the element for the errors of a field: its own, or that of the field around it. */
function slotOf(form, name) {
  for (let path = name; path; path = path.includes(".") ? path.slice(0, path.lastIndexOf(".")) : "") {
    const slot = form.querySelector(`[data-error="${CSS.escape(path)}"]`);
    if (slot) return slot;
  }
  return null;
}
