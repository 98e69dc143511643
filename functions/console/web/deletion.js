// Deleting: asked first, and what cannot be deleted says why.

import { announce } from "./announce.js";
import { remove } from "./api.js";
import { button, h, isShown, replace } from "./dom.js";
import { errorBox, fail } from "./errors.js";
import { confirm, forgetTyped } from "./forms.js";
import { t } from "./i18n.js";

/**
 * A button that deletes the row of a path and then goes to its list. `ask` answers the title and the lines of the question;
 * `kind` is more of its looks.
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
      // What was not answered may have been done: then it is not there.
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
