// A client of the public API with the user's token. It knows no resource.

import { announce } from "./announce.js";
import { t } from "./i18n.js";

const KEPT = "youhui.token";
const ATTEMPTS = 5;
/**
 * Time in milliseconds for which a change may be sent again: an hour less than the day for which the API keeps a key.
 */
export const KEY_LASTS = 23 * 3600 * 1000;

/** Returns the token of this tab, or null. It is sent as a header and is used nowhere else. */
export function token() {
  return sessionStorage.getItem(KEPT);
}

/** Keeps a token for this tab. */
export function keepToken(text) {
  sessionStorage.setItem(KEPT, text);
}

/** Forgets the token; with `leaving`, also everything else that this tab keeps. */
export function forgetToken(leaving = false) {
  if (leaving) sessionStorage.clear();
  else sessionStorage.removeItem(KEPT);
}

/** An error that the API or the network returned in place of a result. */
export class ApiError extends Error {
  constructor(method, path, reply) {
    super(`${method} ${path}: ${reply.status}`);
    this.method = method;
    this.path = path;
    /** The HTTP status; 0 if there was no reply. */
    this.status = reply.status;
    this.body = reply.body ?? {};
    this.requestId = reply.requestId ?? "";
    this.retryAfter = reply.retryAfter ?? null;
  }

  /** Returns the scope that the request needed. */
  get scope() {
    const areas = { loyalty: "loyalty", discounts: "discounts", crm: "crm", orders: "orders" };
    const area = areas[this.path.split("/")[2]] ?? "";
    return `${area}:${this.changesNothing ? "read" : "write"}`;
  }

  /** True if the request only reads, which some POSTs do. */
  get changesNothing() {
    return this.method === "GET" || this.path.startsWith("/api/discounts/evaluate/");
  }

  /**
   * True if an earlier attempt may have been carried out, and a token that ended meanwhile cannot ask for its result.
   */
  isUncertain = false;

  /** True if the reply is final and says that nothing was changed. */
  get isRefusal() {
    return this.status >= 400 && this.status < 500 && !this.passes && !this.isUncertain;
  }

  /** True if the same request may succeed in a moment. */
  get passes() {
    return [0, 429, 502, 503, 504].includes(this.status) || (this.status === 409 && this.retryAfter !== null);
  }
}

/**
 * Milliseconds by which the clock of this machine is behind that of the service; 0 if they differ by less than a
 * minute.
 */
let behind = 0;

/** Returns the present time by the clock of the service, in milliseconds. */
export const now = () => Date.now() + behind;

function setClock(date) {
  const difference = Date.parse(date) - Date.now();
  behind = Math.abs(difference) > 60_000 ? difference : 0;
}

async function once(method, path, { body, key, signal, heard }) {
  const headers = { Authorization: `Bearer ${token()}` };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  const options = { method, headers, signal, credentials: "omit", cache: "no-store" };
  if (body !== undefined) options.body = JSON.stringify(body);
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(method, path, { status: 0 });
  }
  const requestId = response.headers.get("x-request-id") ?? "";
  if (response.headers.has("date")) setClock(response.headers.get("date"));
  const text = await response.text();
  let parsed = {};
  try {
    parsed = text === "" ? null : JSON.parse(text);
  } catch {
    parsed = { detail: text.slice(0, 200) };
  }
  if (response.ok) {
    heard?.(response.headers);
    return parsed;
  }
  const retryAfter = response.headers.get("retry-after");
  throw new ApiError(method, path, { status: response.status, body: parsed, requestId, retryAfter });
}

function wait(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("aborted", "AbortError"));
    });
  });
}

/**
 * Calls the API. A request that is safe to repeat (a GET, a change under an Idempotency-Key, one that `writesNothing`)
 * is sent again if the service is busy or did not reply. `again` is called before each repetition. `isOpen` says that
 * the request was sent before without a reply. Throws an ApiError; a 401 also asks for a new token.
 */
export async function call(method, path, options = {}) {
  const again = method === "GET" || Boolean(options.key) || options.writesNothing === true;
  let isOpen = options.isOpen ?? false;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await once(method, path, options);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      error.isUncertain = isOpen && !error.changesNothing && [401, 403].includes(error.status);
      isOpen ||= error.passes;
      if (error.status === 401) window.dispatchEvent(new CustomEvent("unauthorized", { detail: error }));
      if (!again || !error.passes || attempt === ATTEMPTS) throw error;
      const seconds = Math.min(Number(error.retryAfter) || 2 ** (attempt - 2), 30);
      const text = error.status === 0 ? "error.retrying_silence" : "error.retrying";
      announce(t(text, { seconds: Math.ceil(seconds) }));
      await wait(seconds, options.signal);
    }
    await options.again?.();
  }
}

export const get = (path, signal) => call("GET", path, { signal });

/** Returns a row, or null if there is none. */
export async function getOrNull(path, signal) {
  return get(path, signal).catch((error) => {
    if (error.status !== 404) throw error;
    return null;
  });
}

export const remove = (path) => call("DELETE", path);

/** Returns a new unique key. */
export function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * A change that is made once. Until there is a reply, the same body is sent under the same key, however often the user
 * sends it, and never twice at the same time. Another body is refused until then, because its sender does not know the
 * result of the first.
 */
export class Change {
  #open = null;
  #running = null;

  /** True if the last reply was that of an earlier attempt. */
  isReplayed = false;

  /** True if a request was sent without a reply, so that its result is unknown. */
  get isOpen() {
    return this.#open !== null;
  }

  /** True if the API may have forgotten the key. */
  get #isStale() {
    return this.isOpen && now() - this.#open.since > KEY_LASTS;
  }

  /** Sends the change. `again` is called before each further attempt. */
  send(method, path, body, again) {
    if (this.#running) return this.#running;
    const text = JSON.stringify([method, path, body]);
    if (text !== this.#open?.text || this.#isStale) {
      if (this.#open?.method === "POST") return Promise.reject(new Error(t("error.open")));
      this.#open = { method, path, body, text, key: newKey(), since: now(), isSent: false };
    }
    return this.#run(again);
  }

  /** Sends the open change again. Returns its reply, or null if none is open or it was refused. */
  async settle() {
    if (!this.isOpen || this.#isStale) return null;
    return this.#run().catch((error) => {
      if (this.isOpen) throw error;
      return null;
    });
  }

  #run(again) {
    const { method, path, body, key, isSent: isOpen } = this.#open;
    this.#open.isSent = true;
    const heard = (headers) => {
      this.isReplayed = headers.get("idempotent-replayed") === "true";
    };
    this.#running = call(method, path, { body, key, heard, again, isOpen })
      .then(
        (reply) => {
          this.#open = null;
          return reply;
        },
        (error) => {
          if (error.isRefusal) this.#open = null;
          throw error;
        },
      )
      .finally(() => {
        this.#running = null;
      });
    return this.#running;
  }
}

const differs = (one, other) => (name) => JSON.stringify(one[name]) !== JSON.stringify(other[name]);

/**
 * The saves of a form over a row that others change too. A field that the user did not touch keeps the value that
 * others may have saved meanwhile.
 */
export class RowChange {
  #change = new Change();
  #path;
  #before;
  #seen;
  #together;
  #sent = null;

  /**
   * `before` has the values of the form for the row as it was `seen`. The fields of `together` are saved all or none.
   */
  constructor(path, before, { seen = {}, together = [] } = {}) {
    this.#path = path;
    this.#before = before;
    this.#seen = seen;
    this.#together = together;
  }

  /**
   * Saves the touched fields. Returns null if fields of `together` were changed both here and by others since the row
   * was seen.
   */
  async save(body) {
    // A change without a reply may be stored. The form then starts from it.
    const settled = await this.#change.settle();
    if (settled) [this.#seen, this.#before] = [settled, this.#sent];
    const row = await get(this.#path);
    const isTouched = differs(body, this.#before);
    const isAny = this.#together.some(isTouched);
    if (isAny && this.#together.some(differs(row, this.#seen))) return null;
    const mine = (name) => isTouched(name) || (isAny && this.#together.includes(name));
    this.#sent = body;
    const merged = Object.keys(body).map((name) => [name, mine(name) ? body[name] : row[name]]);
    return this.#change.send("PUT", this.#path, Object.fromEntries(merged));
  }
}

/** Returns a path with a query; empty values are left out. */
export function query(path, values) {
  const given = Object.entries(values).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const text = new URLSearchParams(given).toString();
  return text ? `${path}?${text}` : path;
}

/**
 * Reads all rows of a list from an id on, in pages of a hundred; rows that are deleted meanwhile do not shift the
 * others. `each` gets the rows of a page and returns false to stop.
 */
export async function walk(path, filters, { from = 0, signal, each }) {
  let last = from;
  for (;;) {
    const page = await get(query(path, { ...filters, order_by: "id", id__gt: last, page_size: 100 }), signal);
    if (page.results.length === 0) return last;
    last = page.results.at(-1).id;
    const goOn = await each(page.results, page);
    if (goOn === false || page.results.length < 100) return last;
  }
}
