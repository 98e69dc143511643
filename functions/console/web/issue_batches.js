// The batches of an issue. Each batch keeps its own key from before it is sent until the reply comes, also over a
// reload of the page, so that it is issued once, however often it is sent.

import { call, KEY_LASTS, newKey, now } from "./api.js";
import { said, t } from "./i18n.js";
import { noteIssued } from "./issued.js";
import { inTab, keepInTab } from "./tab.js";

const KEPT = "issue";
/** Limits of one request of the API. */
const ROWS = 1000;
const COUPONS = 20;

/**
 * Returns rows as batches of at most 1,000 rows and 20 coupons. The state of a batch is "open"; "sent" while its reply
 * is unknown; "refused" if nothing was issued; or "done".
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

/** Returns an issue that this tab has not finished, or whose refused rows are not saved. */
export function kept() {
  const job = inTab(KEPT);
  // Another version of the console may have stored no notes, or texts in their place.
  return job && { ...job, notes: (job.notes ?? []).filter(Array.isArray), fixed: job.fixed ?? [] };
}

/** Stores the progress of an issue from its start, so that a user who leaves does not lose the list. */
export function keep(job) {
  // An issue that is too large for the browser's storage goes on, but does not survive a reload. The text can be left
  // out, because the rows have the same content.
  if (keepInTab(KEPT, job) || keepInTab(KEPT, { ...job, text: null })) return;
  job.isUnkept = true;
  forget();
}

/** Removes the stored issue. */
export const forget = () => keepInTab(KEPT, null);

/** True if all rows that were not left out are issued. */
export const isDone = (job) => job.rows.every(({ code }) => code);

/** True if a batch was sent so long ago that the API may have forgotten its key; it would be issued a second time. */
const isStale = ({ state, since }) => state === "sent" && now() - since > KEY_LASTS;

/** True if a batch was sent without a known result; it can only be sent again under its key. */
export function isUncertain(job) {
  return job.batches.some((batch) => batch.state === "sent" && !isStale(batch));
}

/** True if no batch of a list was issued or is waiting for a reply. */
export const isUnsent = (job) => job.batches.every(({ state }) => state === "open" || state === "refused");

/** Returns the refused rows in the order of the list, both those in the list and those that were left out. */
export function refused(job) {
  const rows = [...(job.left ?? []), ...job.rows.filter((row) => row.error && !row.code)];
  return rows.sort((a, b) => a.line - b.line);
}

/**
 * Moves refused rows from the list to `left`. A batch without a reply keeps its key; only refused batches are made
 * again.
 */
export function leaveOut(job) {
  const again = job.batches.filter(({ state }) => state === "refused");
  const lines = new Set(again.flatMap((batch) => batch.lines));
  job.left = refused(job);
  job.rows = job.rows.filter((row) => row.code || !row.error);
  // Another tab with a copy of the list makes the same keys, so that the rows are issued once.
  const root = again[0]?.key.split(".")[0];
  const rest = batches(
    job.rows.filter(({ line }) => lines.has(line)),
    (index) => `${root}.${job.left.length}.${index}`,
  );
  job.batches = [...job.batches.filter(({ state }) => state !== "refused"), ...rest];
}

/**
 * Sends the batches that are not done. Refused rows get their errors, issued rows their codes. Calls `progress` after
 * each batch.
 */
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
    // A final refusal says that nothing was issued. Without a reply the result is unknown.
    if (error.isRefusal) batch.state = "open";
    if (error.status !== 400 || !Array.isArray(error.body)) throw error;
    batch.state = "refused";
    rowErrors(error.body).forEach((text, index) => {
      rows[index].error = text;
    });
  }
}

/** Returns the messages of the API for the rows of a batch, in their order. */
function rowErrors(body) {
  return body.map((errors) =>
    Object.values(errors ?? {})
      .flat()
      .map(said)
      .join(" "),
  );
}
