// The token: typed once for a tab, checked, and kept until the tab is closed.

import { forgetToken, get, keepToken } from "./api.js";
import { h } from "./dom.js";
import { errorBox, refusal } from "./errors.js";
import { form, textField } from "./forms.js";
import { t } from "./i18n.js";

/** Returns the form that asks for a token; `done` is called once a token is kept. */
export function signIn({ error, done }) {
  const problem = error ? errorBox(error) : null;
  const send = async ({ token }) => {
    problem?.remove();
    if (!token) throw refusal("token", t("sign_in.needed"));
    if (!/^[\x21-\x7e]+$/.test(token)) throw refusal("token", t("sign_in.malformed"));
    keepToken(token);
    try {
      await get("/api/loyalty/level/?page_size=1");
    } catch (failure) {
      // A token without this scope may be valid for other areas of the API.
      if (failure.status === 403) return;
      forgetToken();
      throw failure.status === 401 ? refusal("token", t("error.401")) : failure;
    }
  };
  const field = textField("token", t("sign_in.token"), {
    type: "password",
    hint: t("sign_in.hint"),
    autofocus: true,
    spellcheck: "false",
  });
  return h(
    "div",
    { class: "sign-in" },
    h("div", { class: "seal large", "aria-hidden": "true" }, "惠"),
    h("h1", { tabindex: "-1" }, t("sign_in.title")),
    h("p", { class: "lead" }, t("sign_in.lead")),
    problem,
    form({ fields: [field], submit: t("sign_in.enter"), send, next: done, label: t("sign_in.title") }),
  );
}
