// The batches of an issue. Each has a key of its own from before it is sent until it is answered, also over a reload of the
// page, so that it is issued once however often it is sent.

import { call, KEY_LASTS, newKey, now } from "./api.js";
import { said, t } from "./i18n.js";
import { noteIssued } from "./issued.js";
import { inTab, keepInTab } from "./tab.js";

const KEPT = "issue";
/** What one request may hold (the API's limits). */
const ROWS = 1000;
const COUPONS = 20;

/**
 * Rows as batches of at most 1,000 rows of at most 20 coupons each. A batch is "open", "sent" while its answer is not known,
 * "refused", of which nothing was issued, or "done".
 */
export function batches(rows, keyOf = newKey) {
  const made = [];
  let lines = [];
  let coupons = new Set();
  const end = () => {
    if (lines.length > 0) made.push({ key: keyOf(made.length), lines, state: "open" });
    lines = [];
    coupons = new Set();
  };
  for (const row of rows) {
    if (lines.length === ROWS || (coupons.size === COUPONS && !coupons.has(row.coupon))) end();
    lines.push(row.line);
    coupons.add(row.coupon);
  }
  end();
  return made;
}

/** An issue that this tab began and did not end, or whose refused rows nobody saved. */
export function kept() {
  const job = inTab(KEPT);
  // What another version of the console has kept may have no notes, or texts in their place.
  return job && { ...job, notes: (job.notes ?? []).filter(Array.isArray), fixed: job.fixed ?? [] };
}

/** Notes how far an issue is: from when it is made, so that whoever leaves does not lose the list. */
export function keep(job) {
  // An issue that is more than the browser keeps goes on all the same, but not over a reload. Its rows say what its text does.
  if (keepInTab(KEPT, job) || keepInTab(KEPT, { ...job, text: null })) return;
  job.isUnkept = true;
  forget();
}

/** Forgets the issue that is kept. */
export const forget = () => keepInTab(KEPT, null);

/** Whether all that was not left out is issued. */
export const isDone = (job) => job.rows.every(({ code }) => code);

/** Whether a batch went out so long ago that its key may be forgotten: sent once more, it would be issued once more. */
const isStale = ({ state, since }) => state === "sent" && now() - since > KEY_LASTS;

/** Whether something went out of which it is not known what became: then it can only go on under its key. */
export function isUncertain(job) {
  return job.batches.some((batch) => batch.state === "sent" && !isStale(batch));
}

/** Whether nothing of a list was issued yet, as far as is known, nor went out. */
export const isUnsent = (job) => job.batches.every(({ state }) => state === "open" || state === "refused");

/** The rows that were refused, in the order of the list: those that still stand in it and those that were left out. */
export function refused(job) {
  const rows = [...(job.left ?? []), ...job.rows.filter((row) => row.error && !row.code)];
  return rows.sort((a, b) => a.line - b.line);
}

/**
 * Leaves out the rows that were refused, and remembers them in `left`. What was not answered keeps its key; only what was
 * refused is made anew.
 */
export function leaveOut(job) {
  const again = job.batches.filter(({ state }) => state === "refused");
  const lines = new Set(again.flatMap((batch) => batch.lines));
  job.left = refused(job);
  job.rows = job.rows.filter((row) => row.code || !row.error);
  // The same in another tab that has a copy of the list is the same once more: under the same keys it is issued once.
  const root = again[0]?.key.split(".")[0];
  const rest = batches(
    job.rows.filter(({ line }) => lines.has(line)),
    (index) => `${root}.${job.left.length}.${index}`,
  );
  job.batches = [...job.batches.filter(({ state }) => state !== "refused"), ...rest];
}

/** Sends what is not done. Refused rows get their errors, issued ones their codes; `progress` is told after each batch. */
export async function send(job, signal, progress) {
  const byLine = new Map(job.rows.map((row) => [row.line, row]));
  for (const batch of job.batches.filter(({ state }) => state === "open" || state === "sent")) {
    if (isStale(batch)) throw new Error(t("issue.stale"));
    const isOpen = batch.state === "sent";
    if (!isOpen) batch.since = now();
    batch.state = "sent";
    keep(job);
    const rows = batch.lines.map((line) => byLine.get(line));
    await sendBatch(batch, rows, { signal, isOpen }).finally(() => keep(job));
    if (batch.state === "done" && !noteIssued(rows)) job.isUnkept = true;
    progress();
  }
  if (isDone(job) && !job.left) forget();
}

async function sendBatch(batch, rows, options) {
  const body = rows.map((row) => ({ customer_id: row.customer, coupon_id: row.coupon }));
  try {
    const { results } = await call("POST", "/api/discounts/coupon_code/", { body, key: batch.key, ...options });
    results.forEach((code, index) => {
      rows[index].code = code.code;
      rows[index].error = "";
    });
    batch.state = "done";
  } catch (error) {
    // An answer that is final says that nothing was issued; without one nothing is known.
    if (error.isRefusal) batch.state = "open";
    if (error.status !== 400 || !Array.isArray(error.body)) throw error;
    batch.state = "refused";
    rowErrors(error.body).forEach((text, index) => {
      rows[index].error = text;
    });
  }
}

/** The messages of the API for the rows of a batch, aligned with them. */
function rowErrors(body) {
  return body.map((errors) =>
    Object.values(errors ?? {})
      .flat()
      .map(said)
      .join(" "),
  );
}
