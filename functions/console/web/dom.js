// Makes elements without HTML in texts: every value of the API becomes a text node or an attribute, never markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked" || name === "selected" || name === "disabled")
      element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(
    ...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
}

/** Returns an HTML element: `h("a", {href: "#/levels", onclick: f}, "text", child)`. */
export function h(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** Returns an SVG element; see `h`. */
export function svg(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** Replaces the children of an element. */
export function replace(element, ...children) {
  element.replaceChildren();
  return fill(element, null, children);
}

/** True if an element belongs to the current view. It does not once another address is loading. */
export const isShown = (element) => element.isConnected && !element.closest("[inert]");

let numbered = 0;

/** Returns an id that no other element has. */
export function freshId(name) {
  numbered += 1;
  return `${name}-${numbered}`;
}

/** Returns a card with a heading. */
export function card(title, ...children) {
  const id = freshId("card");
  const heading = title ? h("h2", { id }, title) : null;
  return h("section", { class: "card", "aria-labelledby": title ? id : null }, heading, ...children);
}

/** Returns a list of terms and values. Rows without a value are left out. */
export function facts(...rows) {
  const shown = rows.filter((row) => row && row[1] !== null && row[1] !== undefined && row[1] !== "");
  return h(
    "dl",
    { class: "facts" },
    shown.map(([term, value]) => h("div", null, h("dt", null, term), h("dd", null, value))),
  );
}

/** Returns a button; `kind` is "primary", "danger", "quiet" or nothing. */
export function button(label, onclick, kind, more) {
  return h("button", { type: "button", class: kind ? `button ${kind}` : "button", onclick, ...more }, label);
}

/** Returns a link that looks like a button. */
export function linkButton(label, href, kind, more) {
  return h("a", { class: kind ? `button ${kind}` : "button", href, ...more }, label);
}

/** Returns a small coloured word. */
export function badge(text, tone) {
  return h("span", { class: `badge ${tone ?? ""}` }, text);
}

/** Icons of the navigation, as outlines of 24 by 24. */
const ICONS = {
  levels: "M4 20V13h4v7M10 20V8h4v12M16 20V4h4v16",
  customers: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4 20c1-4 4-6 8-6s7 2 8 6",
  coupons:
    "M3 8a2 2 0 0 1 2-2h14a2 2 0 0 1 2 2v2a2 2 0 0 0 0 4v2a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-2a2 2 0 0 0 0-4ZM14 6v2M14 11v2M14 16v2",
  codes: "M4 6v12M7 6v12M10 6v9M13 6v12M16 6v9M20 6v12",
  price_rules: "M4 12V4h8l8 8-8 8ZM8 8h.01",
  evaluate: "M4 5h2l2 10h9l2-7H7M9 19h.01M16 19h.01",
};

/** Returns an icon for use beside a text that says the same. */
export function icon(name) {
  const attributes = { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true", focusable: "false" };
  return svg("svg", attributes, svg("path", { d: ICONS[name] }));
}
