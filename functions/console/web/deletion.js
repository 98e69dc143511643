// Deletion of a row, after a confirmation, with the reason if it is refused.

import { announce } from "./announce.js";
import { remove } from "./api.js";
import { button, h, isShown, replace } from "./dom.js";
import { errorBox, fail } from "./errors.js";
import { confirm, forgetTyped } from "./forms.js";
import { t } from "./i18n.js";

/**
 * Returns a button that deletes the row of a path and then opens its list. `ask` returns the title and the lines of the
 * confirmation; `kind` is the style of the button.
 */
export function deleteButton({ path, name, list, ask, kind = "" }) {
  const problem = h("div", { class: "problem" });
  let isOpen = false;
  let isAsked = false;
  const run = async () => {
    if (isAsked) return;
    isAsked = true;
    try {
      replace(problem);
      // A deletion without a reply may have been done; the row is gone then.
      const isGone = (error) => {
        if (!isOpen || error.status !== 404) throw error;
        return null;
      };
      const question = await Promise.resolve(ask()).catch(isGone);
      if (question) {
        if (!isShown(problem) || !(await confirm({ ...question, action: t("action.delete") }))) return;
        await remove(path).catch(isGone);
      }
      announce(t("done.deleted", { name }));
      if (!isShown(problem)) return;
      forgetTyped();
      location.hash = list;
    } catch (error) {
      isOpen ||= error.method === "DELETE" && error.passes;
      fail(error, name, problem, () => replace(problem, errorBox(error)));
    } finally {
      isAsked = false;
    }
  };
  return [button(t("action.delete"), run, `danger quiet ${kind}`, { "data-delete": true }), problem];
}
