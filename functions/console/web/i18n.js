// The two languages. Texts are looked up by name; values of the API are shown as they were sent.

import { apiMessages } from "./api_messages.zh.js";
import { apiMessages as plainer } from "./api_messages.en.js";
import { messages as en } from "./messages.en.js";
import { messages as zh } from "./messages.zh.js";
import { priceRuleMessages as enOfRules } from "./price_rule_messages.en.js";
import { priceRuleMessages as zhOfRules } from "./price_rule_messages.zh.js";

const KEPT = "youhui.language";
const LANGUAGES = { en: { ...en, ...enOfRules }, zh: { ...zh, ...zhOfRules } };
const SAID = { en: plainer, zh: apiMessages };

function first() {
  try {
    const kept = localStorage.getItem(KEPT);
    if (kept in LANGUAGES) return kept;
  } catch {
    // Another part of the page tells the user if the browser keeps nothing.
  }
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

let language = first();
document.documentElement.lang = language === "zh" ? "zh-CN" : "en";

/** Returns the current language, "en" or "zh". */
export function current() {
  return language;
}

/** Changes and stores the language. The caller draws its texts again. */
export function change(to) {
  language = to;
  localStorage.setItem(KEPT, to);
  document.documentElement.lang = to === "zh" ? "zh-CN" : "en";
}

/** Returns a text with its values: `t("list.count", {count: 5})`. */
export function t(name, values) {
  const text = LANGUAGES[language][name] ?? name;
  return values
    ? text.replace(/\{(\w+)\}/g, (whole, value) => (value in values ? String(values[value]) : whole))
    : text;
}

/** True if there is a text with this name. */
export function has(name) {
  return name in LANGUAGES[language];
}

/** Returns a message of the API in the user's words, if it is known. */
export function said(message) {
  for (const [pattern, text] of SAID[language]) {
    const found = pattern.exec(message);
    if (found) return text.replace(/\$(\d)/g, (_, index) => found[Number(index)] ?? "");
  }
  return message;
}

/** Returns a whole number with separators. */
export function number(value) {
  return Number(value).toLocaleString(language === "zh" ? "zh-CN" : "en");
}

/** Returns points with their sign. */
export function signed(points) {
  return points > 0 ? `+${number(points)}` : number(points).replace("-", "−");
}

/** Returns money as the API sent it: a text with two decimals. */
export function money(text) {
  return text.startsWith("-") ? `−¥${text.slice(1)}` : `¥${text}`;
}

/**
 * Returns an instant as it was sent, in the zone of the shop: its day and minute, cut from the text, and its offset.
 */
export function instant(text) {
  if (!text) return null;
  const element = document.createElement("time");
  element.dateTime = text;
  element.title = text;
  element.textContent = `${text.slice(0, 10)} ${text.slice(11, 16)}`;
  return element;
}
