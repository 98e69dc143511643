// The batches of an issue. Each has a key of its own from before it is sent until it is answered, also over a reload of the
// page, so that it is issued once however often it is sent.

import { call, newKey } from "./api.js";
import { said } from "./i18n.js";

const KEPT = "youhui.issue";
/** What one request may hold (the API's limits). */
const ROWS = 1000;
const COUPONS = 20;

/** Rows as batches: at most 1,000 rows of at most 20 coupons each. */
export function batches(rows) {
  const made = [];
  let lines = [];
  let coupons = new Set();
  const end = () => {
    if (lines.length > 0) made.push({ key: newKey(), lines, done: false });
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

/** An issue that this tab began and did not end. */
export function kept() {
  const text = sessionStorage.getItem(KEPT);
  return text ? JSON.parse(text) : null;
}

/** Notes how far an issue is. */
function keep(job) {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(job));
  } catch {
    // More than the browser keeps: it goes on all the same, but not over a reload.
    sessionStorage.removeItem(KEPT);
  }
}

/** Forgets the issue that is kept. */
export function forget() {
  sessionStorage.removeItem(KEPT);
}

/** Sends what is not done. Refused rows get their errors, issued ones their codes; `progress` is told after each batch. */
export async function send(job, signal, progress) {
  keep(job);
  const byLine = new Map(job.rows.map((row) => [row.line, row]));
  for (const batch of job.batches.filter(({ done }) => !done)) {
    const rows = batch.lines.map((line) => byLine.get(line));
    const body = rows.map((row) => ({ customer_id: row.customer, coupon_id: row.coupon }));
    try {
      const { results } = await call("POST", "/api/discounts/coupon_code/", { body, key: batch.key, signal });
      results.forEach((code, index) => {
        rows[index].code = code.code;
        rows[index].error = "";
      });
      batch.done = true;
    } catch (error) {
      if (error.status !== 400 || !Array.isArray(error.body)) throw error;
      rowErrors(error.body).forEach((text, index) => {
        rows[index].error = text;
      });
      keep(job);
    }
    keep(job);
    progress();
  }
  if (job.batches.every(({ done }) => done)) forget();
}

/** The messages of the API for the rows of a batch, aligned with them. */
function rowErrors(body) {
  return body.map((errors) => Object.values(errors ?? {}).flat().map(said).join(" "));
}
