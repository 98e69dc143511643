// Issuing codes to a list of customers, pasted or from a file, in batches that a second try never issues again.

import { announce } from "./announce.js";
import { get } from "./api.js";
import { button, card, h, linkButton, replace } from "./dom.js";
import { save, textOf, toCsv } from "./csv.js";
import { clearErrors, describe, showErrors } from "./errors.js";
import { areaField, form, textField } from "./forms.js";
import { number, t } from "./i18n.js";
import {
  batches,
  forget,
  isDone,
  isUncertain,
  isUnsent,
  keep,
  kept,
  leaveOut,
  refused,
  send,
} from "./issue_batches.js";
import { areTheSame, notesOf, rowsOf, withCoupons } from "./issue_rows.js";
import { saveIssued, unsavedNote } from "./issued.js";

/** Number of rows that are shown; all rows are sent. */
const SHOWN = 200;

function rowState(row) {
  if (row.code) return h("code", null, row.code);
  if (row.error) return h("span", { class: "field-error" }, row.error);
  return "–";
}

function table(rows) {
  // Errors come first, because the user has to correct them.
  const sorted = [...rows].sort((a, b) => Number(Boolean(b.error)) - Number(Boolean(a.error)) || a.line - b.line);
  const cells = (row) => [
    h("td", { class: "number", "data-title": t("issue.line") }, h("div", null, number(row.line))),
    h("td", { class: "main", "data-title": t("code.customer_id") }, h("div", null, row.customer)),
    h("td", { "data-title": t("code.coupon_prefix") }, h("div", null, row.prefix)),
    h("td", { "data-title": t("issue.result") }, h("div", null, rowState(row))),
  ];
  const head = ["issue.line", "code.customer_id", "code.coupon_prefix", "issue.result"];
  return h(
    "div",
    { class: "table" },
    h(
      "table",
      null,
      h("caption", { class: "unseen" }, t("issue.rows")),
      h(
        "thead",
        null,
        h(
          "tr",
          null,
          head.map((name) => h("th", { scope: "col" }, t(name))),
        ),
      ),
      h(
        "tbody",
        null,
        sorted.slice(0, SHOWN).map((row) => h("tr", { class: row.error ? "wrong" : null }, cells(row))),
      ),
    ),
    rows.length > SHOWN
      ? h("p", { class: "hint" }, t("issue.more_rows", { count: number(rows.length - SHOWN) }))
      : null,
  );
}

/** Returns the rows that are still to be issued. */
const toIssue = (job) => job.rows.filter((row) => !row.code && !row.error);

/** Makes the notes on a list again. Returns true if there is a note that was not shown. */
async function learnsMore(job, signal) {
  const known = new Set(job.notes.map((note) => JSON.stringify(note)));
  job.notes = await notesOf(toIssue(job), signal);
  return job.notes.some((note) => !known.has(JSON.stringify(note)));
}

/** Returns the progress of a list, its rows, and the actions for refused rows. */
function progressOf(job, signal, edit) {
  const box = h("div", { class: "issue", "aria-live": "polite" });
  const draw = (running, error) => {
    const done = job.rows.filter((row) => row.code).length;
    const wrong = job.rows.filter((row) => row.error && !row.code).length;
    const open = job.rows.length - done - wrong;
    // A user who leaves the page is asked first.
    if (job.isUnkept) box.dataset.typed = "";
    replace(
      box,
      job.isUnkept ? h("p", { class: "note" }, t("issue.unkept")) : null,
      job.resumed && open > 0 ? h("p", { class: "note" }, t("issue.kept")) : null,
      h(
        "p",
        { class: "lead", "data-issued": done, "data-refused": wrong },
        t("issue.state", { done: number(done), wrong: number(wrong), open: number(open) }),
        job.left ? ` · ${t("issue.left", { count: number(job.left.length) })}` : null,
      ),
      running || open === 0 ? null : [...job.notes, ...job.fixed].map((note) => h("p", { class: "note" }, t(...note))),
      h("progress", { max: job.rows.length, value: done + wrong, "aria-label": t("issue.running") }),
      error
        ? h(
            "div",
            { class: "error-box", role: "alert" },
            h("p", null, quotaText(error, job) ?? describe(error)),
            h("p", { class: "request-id" }, error.requestId ? t("error.request_id", { id: error.requestId }) : null),
          )
        : null,
      h("div", { class: "actions" }, running ? null : choices(done, wrong, open)),
      table(job.rows),
    );
  };
  const run = async ({ isNew = false } = {}) => {
    draw(true);
    try {
      const open = toIssue(job);
      if (job.resumed && !(await areTheSame(open, signal))) throw new Error(t("issue.moved"));
      // The notes on the list may have changed by now.
      if (!isNew && isUnsent(job) && (await learnsMore(job, signal))) return draw(false);
      await send(job, signal, () => draw(true));
      draw(false);
      const issued = job.rows.filter((row) => row.code).length;
      if (issued > 0) announce(t("issue.done", { count: number(issued) }));
    } catch (error) {
      if (error.name !== "AbortError") draw(false, error);
    }
  };
  const without = () => {
    leaveOut(job);
    run();
  };
  const saveRefused = () => {
    save("refused_rows.csv", refusals(job));
    for (const row of refused(job)) row.saved = true;
    if (isDone(job)) forget();
    else keep(job);
  };
  const choices = (done, wrong, open) => [
    open > 0 && wrong > 0 && !isUncertain(job)
      ? button(t("issue.leave_out", { count: number(wrong) }), without, "primary", { "data-leave-out": true })
      : null,
    open > 0 && (wrong === 0 || isUncertain(job))
      ? button(t("issue.go_on", { count: number(open) }), () => run(), "primary", { "data-go-on": true })
      : null,
    done > 0 ? button(t("issue.save"), () => saveIssued(job.rows.filter((row) => row.code)), "") : null,
    refused(job).length > 0
      ? button(t("issue.save_refused"), saveRefused, "", {
          "data-save-refused": true,
        })
      : null,
    isUncertain(job)
      ? null
      : button(t(open + wrong > 0 ? "issue.edit" : "issue.another"), edit, "quiet", { "data-edit": true }),
  ];
  return { box, run, draw };
}

/**
 * Returns the text for a coupon with fewer places left than the batch has rows. It names the prefix, which staff know.
 */
function quotaText(error, job) {
  const [, id, left] = /^Coupon (\d+) has (\d+) codes left/.exec(error.body?.detail) ?? [];
  const row = job.rows.find(({ coupon }) => String(coupon) === id);
  return row ? t("issue.quota", { prefix: row.prefix, left: number(left) }) : null;
}

/** Returns refused rows with column names by which the corrected file can be read as a list. */
function refusals(job) {
  const rows = refused(job).map((row) => [row.line, row.customer, row.prefix, row.error]);
  return toCsv([["line", "customer_id", "code_prefix", "reason"], ...rows]);
}

/** Draws the view that issues codes to many customers, or to one. */
export async function issue({ title, query, signal }) {
  // A token that may not read coupons is refused before the user makes a list.
  await get("/api/discounts/coupon/?page_size=1", signal);
  const place = h("div");
  const startForm = (text = query.customer ?? "", typed = query.prefix ?? "") => {
    const prefix = textField("prefix", t("code.coupon_prefix"), {
      value: typed,
      hint: t("issue.prefix.hint"),
      autofocus: true,
    });
    const area = areaField("customers", t("issue.customers"), {
      value: text,
      hint: t("issue.customers.hint"),
      rows: 8,
      spellcheck: "false",
    });
    const file = h("input", {
      type: "file",
      accept: ".csv,.txt,text/csv,text/plain",
      class: "unseen",
      id: "issue-file",
    });
    file.addEventListener("change", async () => {
      if (!file.files[0]) return;
      const read = await textOf(file.files[0]);
      file.value = "";
      clearErrors(element);
      if (read === null) return showErrors(element, new Error(t("issue.workbook")));
      area.querySelector("textarea").value = read;
      area.dispatchEvent(new Event("input", { bubbles: true }));
    });
    const element = form({
      label: t("code.issue"),
      fields: [
        prefix,
        area,
        h(
          "div",
          { class: "field wide" },
          file,
          h("label", { for: "issue-file", class: "button file" }, t("issue.file")),
        ),
      ],
      submit: t("code.issue"),
      cancel: "#/codes",
      send: async ({ prefix: otherwise, customers }) => {
        const { rows: read, unread, third } = rowsOf(customers);
        if (read.length === 0) throw new Error(t("issue.empty"));
        const { rows, coupons } = await withCoupons(read, otherwise, signal);
        const good = rows.filter((row) => !row.error);
        const notes = await notesOf(good, signal, coupons);
        const fixed = [];
        if (unread.length > 0) fixed.push(["issue.unread", { columns: unread.join(", "), prefix: otherwise }]);
        const own = [...new Set(rows.map((row) => row.prefix))];
        if (otherwise && !own.includes(otherwise)) {
          fixed.push(["issue.own", { prefixes: own.filter(Boolean).join(", "), prefix: otherwise }]);
        }
        if (third.length > 0) fixed.push(["issue.third", { fields: third.join(", ") }]);
        const job = {
          text: customers,
          prefix: otherwise,
          rows,
          notes,
          fixed,
          batches: batches(good),
        };
        keep(job);
        return job;
      },
      next: (job) => start(job, job.notes.length + job.fixed.length === 0 && job.rows.every((row) => !row.error)),
    });
    // A list that was sent and came back is unsent input again.
    if (text !== (query.customer ?? "")) element.querySelectorAll("[name]").forEach((one) => (one.dataset.typed = ""));
    replace(place, unsavedNote(), card(null, element));
    element.querySelector("input")?.focus();
  };
  const start = (job, at_once) => {
    const edit = () => {
      forget();
      // Rows that have a code are not issued again. Rows that were left out can be corrected, if they were not saved.
      const left = job.left ?? [];
      const rest = [...job.rows.filter((row) => !row.code), ...left.filter((row) => !row.saved)];
      const isWhole = job.rows.every((row) => !row.code) && left.every((row) => !row.saved);
      startForm(
        isWhole && job.text !== null ? job.text : rest.map((row) => `${row.customer},${row.prefix}`).join("\n"),
        job.prefix,
      );
    };
    const { box, run, draw } = progressOf(job, signal, edit);
    replace(place, card(null, box));
    if (at_once) run({ isNew: true });
    else draw(false);
  };
  const open = kept();
  if (open && isUnsent(open)) await learnsMore(open, signal);
  if (open) start({ ...open, resumed: true }, false);
  else startForm();
  return [
    h("div", { class: "head" }, title(t("code.issue")), linkButton(t("nav.codes"), "#/codes", "quiet")),
    h("p", { class: "lead" }, t("issue.lead")),
    place,
  ];
}
