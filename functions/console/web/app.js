// The start of the console: the frame around the views, and the routes from addresses to views.

import { announce } from "./announce.js";
import { forgetToken, token } from "./api.js";
import { h, icon, replace } from "./dom.js";
import { errorBox } from "./errors.js";
import { confirm, isTyped, takeTyped } from "./forms.js";
import { change, current, number, t } from "./i18n.js";
import { kept as keptIssue } from "./issue_batches.js";
import { unsavedCount } from "./issued.js";
import { openHelp, watchKeys } from "./keyboard.js";
import { signIn } from "./sign_in.js";
import { isRefused } from "./tab.js";

import { account } from "./account.js";
import { code } from "./code.js";
import { codes } from "./codes.js";
import { coupon, coupons, newCoupon } from "./coupons.js";
import { customers } from "./customers.js";
import { evaluate } from "./evaluate.js";
import { issue } from "./issue.js";
import { level, levels, newLevel } from "./levels.js";
import { newPriceRule, priceRule, priceRules } from "./price_rules.js";

/** Sections in the order of the navigation, with the key that opens each after g. */
const SECTIONS = [
  ["levels", "l"],
  ["customers", "c"],
  ["coupons", "p"],
  ["codes", "k"],
  ["price_rules", "r"],
  ["evaluate", "e"],
];

/** Addresses with their views; `:id` is a parameter. */
const ROUTES = [
  ["levels", levels],
  ["levels/new", newLevel],
  ["levels/:id", level],
  ["customers", customers],
  ["customers/:id", account],
  ["coupons", coupons],
  ["coupons/new", newCoupon],
  ["coupons/:id", coupon],
  ["codes", codes],
  ["codes/issue", issue],
  ["codes/:id", code],
  ["price_rules", priceRules],
  ["price_rules/new", newPriceRule],
  ["price_rules/:id", priceRule],
  ["evaluate", evaluate],
];

/** Returns the address after the #: its path, and its query as an object. */
function address() {
  const [path, search] = location.hash.replace(/^#\/?/, "").split("?");
  return { path: path.replace(/\/$/, "") || "levels", query: Object.fromEntries(new URLSearchParams(search ?? "")) };
}

function find(path) {
  const parts = path.split("/");
  for (const [pattern, view] of ROUTES) {
    const wanted = pattern.split("/");
    const params = {};
    const fits = (part, index) => {
      if (!part.startsWith(":")) return part === parts[index];
      params[part.slice(1)] = parts[index];
      return /^\d{1,16}$/.test(parts[index] ?? "");
    };
    if (wanted.length === parts.length && wanted.every(fits)) return { view, params };
  }
  return null;
}

/** One section for each area of the API that a token may or may not read. */
const PARTS = ["levels", "coupons", "customers"];

let showing = null;
/** True while the user is asked about unsaved input; until the answer no navigation happens. */
let asking = false;
/** Unsaved input at the moment when the token ended: its address, its heading, and a function that restores it. */
let interrupted = null;
/** Sections to try if a new token may not read the section that is open. */
let untried = [];

/**
 * Draws the view of the address. `focus` moves the focus to the heading, so that a keyboard and a screen reader start
 * there. Without it the same view is drawn again, and unsaved input stays.
 */
async function show(focus = true) {
  showing?.abort();
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  const { path, query } = address();
  const main = document.getElementById("main");
  if (!token()) return showSignIn();
  drawFrame(path.split("/")[0]);
  const found = find(path);
  const controller = new AbortController();
  showing = controller;
  const title = (text) => {
    document.title = `${text} · ${t("app.name")}`;
    return h("h1", { tabindex: "-1" }, text);
  };
  main.setAttribute("aria-busy", "true");
  // The content that is still visible belongs to another address.
  main.inert = true;
  try {
    if (!found) throw noView();
    const { signal } = controller;
    // A view that the user has left must not draw over another view. It may draw over the same view opened again.
    const here = location.hash;
    const again = () => (location.hash === here ? show(false) : undefined);
    const context = { params: found.params, query, signal, title, again };
    const view = await found.view(context);
    if (controller.signal.aborted) return;
    const restore = focus ? resumed() : takeTyped();
    replace(main, view);
    restore?.();
  } catch (error) {
    if (controller.signal.aborted || error.name === "AbortError") return;
    const next = error.status === 403 && isSection(path) ? untried.shift() : undefined;
    if (next) return location.replace(`#/${next}`);
    replace(main, title(t("error.title")), errorBox(error, error.status === 404 ? null : () => show()));
  }
  untried = [];
  main.removeAttribute("aria-busy");
  main.inert = false;
  main.dataset.shown = location.hash;
  if (focus) main.querySelector("h1")?.focus({ preventScroll: true });
  if (focus) window.scrollTo(0, 0);
}

/**
 * Returns the function that restores the input from before the token ended, if the same heading stands there. Another
 * shop has rows with the same ids.
 */
function resumed() {
  const { at, heading, restore } = interrupted ?? {};
  interrupted = null;
  return at === location.hash && heading === document.title ? restore : null;
}

/** Returns the error for an address without a view. */
const noView = () => Object.assign(new Error(), { status: 404, body: { detail: t("error.no_view") } });

const isSection = (path) => SECTIONS.some(([name]) => name === path);

function languageSwitch() {
  const other = current() === "zh" ? "en" : "zh";
  const label = other === "zh" ? "中文" : "English";
  const turn = () => {
    change(other);
    show(false);
  };
  return h(
    "button",
    {
      type: "button",
      class: "button quiet",
      lang: other === "zh" ? "zh-CN" : "en",
      onclick: turn,
      "data-language": other,
    },
    label,
  );
}

/** Returns texts about everything that signing out would lose. */
function lostBySigningOut() {
  const lines = [];
  if (isTyped()) lines.push(t("leave.text"));
  const unsaved = unsavedCount();
  if (unsaved > 0) lines.push(t("issue.unsaved", { count: number(unsaved) }));
  if (keptIssue()) lines.push(t("sign_in.issue"));
  return lines;
}

async function signOut() {
  const lines = lostBySigningOut();
  const question = { title: t("sign_in.leave_title"), lines, action: t("sign_in.leave") };
  if (lines.length > 0 && !(await confirm(question))) return;
  forgetToken(true);
  announce(t("sign_in.out"));
  show();
}

function drawFrame(section) {
  const items = SECTIONS.map(([name, key]) => {
    const marks = { "aria-current": name === section ? "page" : null, "aria-keyshortcuts": `g ${key}` };
    return h("li", null, h("a", { href: `#/${name}`, ...marks }, icon(name), h("span", null, t(`nav.${name}`))));
  });
  const header = document.getElementById("header");
  document.body.classList.remove("signed-out");
  document.getElementById("skip").textContent = t("app.skip");
  replace(
    header,
    h(
      "a",
      { class: "brand", href: "#/levels" },
      h("span", { class: "seal", "aria-hidden": "true" }, "惠"),
      t("app.name"),
    ),
    h("nav", { "aria-label": t("nav.label") }, h("ul", null, items)),
    h(
      "div",
      { class: "tools" },
      h(
        "button",
        {
          type: "button",
          class: "button quiet help",
          onclick: () => openHelp(SECTIONS),
          "aria-label": t("help.title"),
        },
        "?",
      ),
      languageSwitch(),
      h(
        "button",
        { type: "button", class: "button quiet", onclick: signOut, "data-sign-out": true },
        t("sign_in.leave"),
      ),
    ),
  );
}

function showSignIn(error) {
  showing?.abort();
  const restore = document.body.classList.contains("signed-out") ? takeTyped() : null;
  document.body.classList.add("signed-out");
  document.title = t("app.name");
  document.getElementById("skip").textContent = t("app.skip");
  replace(document.getElementById("header"), h("div", { class: "tools" }, languageSwitch()));
  const main = document.getElementById("main");
  main.removeAttribute("aria-busy");
  main.inert = false;
  const done = () => {
    const { path } = address();
    untried = PARTS.filter((section) => section !== path);
    return show();
  };
  replace(main, signIn({ error, done }));
  restore?.();
}

/** Goes to another address. Asks first if unsaved input would be lost. */
async function go() {
  const main = document.getElementById("main");
  const question = { title: t("leave.title"), lines: [t("leave.text")], action: t("leave.action") };
  if (asking) return;
  if (isTyped() && !main.inert) {
    asking = true;
    const leaves = await confirm(question).finally(() => {
      asking = false;
    });
    // If the user stays, the history must keep all its entries.
    if (!leaves) return history.pushState(null, "", main.dataset.shown || "#/");
  }
  show();
}

window.addEventListener("hashchange", go);
window.addEventListener("redraw", () => show(false));
window.addEventListener("unauthorized", ({ detail: error }) => {
  // The form that asks for a token shows the error itself.
  if (document.body.classList.contains("signed-out")) return;
  forgetToken();
  const isOpen = error.isUncertain || document.querySelector("#main [data-unanswered]") !== null;
  interrupted = { at: location.hash, heading: document.title, restore: takeTyped(!error.isUncertain) };
  showSignIn(isOpen ? `${t("error.401")} ${t("error.open")}` : t("error.401"));
});
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  document.querySelector("#main h1")?.focus();
});
if (isRefused()) document.getElementById("main").replaceChildren(errorBox(t("app.no_storage")));
else {
  watchKeys(SECTIONS);
  show();
}
