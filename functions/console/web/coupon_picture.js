// What became of a coupon's codes, day by day, from what the public API shows.
//
// Issued: a code's place in the list by id says how many were issued before it, and ids grow with time. So a few looks at
// single places, halving wherever days differ, give the exact number of each day (`page_size=1&page=N`).
// Used: each used code says when; they are walked, up to a bound that one can move.
// Expired: all codes of a coupon end with their rule; from then on what was issued and not used has expired.
// Claimed: the API says how many, not when.

import { get, now, query as withQuery, walk } from "./api.js";
import { stepChart } from "./chart.js";
import { button, h, replace } from "./dom.js";
import { errorBox } from "./errors.js";
import { number, t } from "./i18n.js";

const CODES = "/api/discounts/coupon_code/";
/** How many single places are looked at. */
const LOOKS = 240;
/** How many used codes are read before one is asked. */
const ROWS = 5000;
/** The most days of a picture; what was before stands in its first. */
const DAYS = 400;

const dayOf = (instant) => instant.slice(0, 10);

/** The day so many days after a day, both as they are written. */
function later(day, days) {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}

/** Today in the zone that an instant was sent in. */
function todayLike(instant) {
  const found = /([+-])(\d\d):(\d\d)$/.exec(instant);
  const minutes = found ? Number(`${found[1]}1`) * (Number(found[2]) * 60 + Number(found[3])) : 0;
  return new Date(now() + minutes * 60_000).toISOString().slice(0, 10);
}

/** Places of the list of a coupon's codes with the instants of their codes: enough to count each day. */
async function issued(coupon, count, signal, progress) {
  const at = new Map();
  const look = async (place) => {
    if (at.has(place)) return at.get(place);
    const page = await get(withQuery(CODES, { coupon, order_by: "id", page_size: 1, page: place }), signal);
    at.set(place, page.results[0].created_at);
    progress(at.size);
    return at.get(place);
  };
  const open = [[1, count]];
  await Promise.all([look(1), look(count)]);
  let exact = true;
  while (open.length > 0) {
    // The widest first, so that the bound costs the least.
    open.sort((a, b) => a[1] - a[0] - (b[1] - b[0]));
    const some = open.splice(-4);
    await Promise.all(
      some.map(async ([from, to]) => {
        if (to - from <= 1 || dayOf(at.get(from)) === dayOf(at.get(to))) return;
        if (at.size >= LOOKS) {
          exact = false;
          return;
        }
        const middle = Math.floor((from + to) / 2);
        await look(middle);
        open.push([from, middle], [middle, to]);
      }),
    );
  }
  return { places: [...at].sort((a, b) => a[0] - b[0]), exact };
}

/** How many there were by the end of each day, from places and their instants. */
function cumulative(days, places) {
  let at = 0;
  return days.map((day) => {
    while (at < places.length && dayOf(places[at][1]) <= day) at += 1;
    return at === 0 ? 0 : places[at - 1][0];
  });
}

/** The days from the first to the last. */
function daysBetween(first, last) {
  const days = [];
  for (let day = first; day <= last; day = later(day, 1)) days.push(day);
  return days.slice(-DAYS);
}

function figures(coupon, counts) {
  const row = (name, value, note) =>
    h(
      "div",
      { class: `stat ${name}` },
      h("dt", null, t(`picture.${name}`)),
      h("dd", null, h("strong", null, number(value)), note ? h("small", null, note) : null),
    );
  return h(
    "dl",
    { class: "stats" },
    row("issued", counts.all),
    row("used", counts.used, counts.all > 0 ? `${Math.round((counts.used / counts.all) * 100)} %` : null),
    row("expired", counts.expired),
    row("open", counts.all - counts.used - counts.expired),
    row("claimed", coupon.redeem_count, t("picture.claimed.note")),
  );
}

/** The picture, which fills itself. */
export function picture(coupon, signal) {
  const box = h("div", { class: "picture" });
  const bar = h("progress", { "aria-label": t("picture.running") });
  const state = { used: [], lastUsed: 0, whole: false };
  const draw = async () => {
    replace(box, h("p", { class: "waiting" }, t("picture.running")), bar);
    try {
      const ask = async (status) =>
        (await get(withQuery(CODES, { coupon: coupon.id, status, page_size: 1 }), signal)).count;
      const [all, used, expired] = await Promise.all([ask(""), ask("used"), ask("expired")]);
      if (all === 0)
        return replace(box, figures(coupon, { all, used, expired }), h("p", { class: "empty" }, t("picture.none")));
      bar.max = Math.min(used, ROWS) + 40;
      const found = await issued(coupon.id, all, signal, (looks) => {
        bar.value = Math.min(40, looks);
      });
      await readUsed(used);
      show({ all, used, expired }, found);
    } catch (error) {
      if (error.name !== "AbortError") replace(box, errorBox(error, draw));
    }
  };
  const readUsed = async (count) => {
    const bound = state.used.length + ROWS;
    state.lastUsed = await walk(
      CODES,
      { coupon: coupon.id, status: "used" },
      {
        from: state.lastUsed,
        signal,
        each: (rows) => {
          state.used.push(...rows.map((row) => row.used_at).filter(Boolean));
          bar.value = 40 + state.used.length;
          return state.used.length < bound;
        },
      },
    );
    state.whole = state.used.length >= count;
  };
  const show = (counts, { places, exact }) => {
    // Summer time may have begun or ended since the coupon was made.
    const newest = [coupon.created_at, places.at(-1)[1], ...state.used].reduce((one, other) =>
      Date.parse(other) > Date.parse(one) ? other : one,
    );
    const today = todayLike(newest);
    // From the day before, when there was none.
    const first = later(dayOf(places[0][1]), -1);
    // A clock that is behind the service's does not hide its last day.
    const last = [today, dayOf(places.at(-1)[1])].sort().at(-1);
    const days = daysBetween(first, last);
    const issuedBy = cumulative(days, places);
    const uses = [...state.used]
      .sort((a, b) => Date.parse(a) - Date.parse(b))
      .map((instant, index) => [index + 1, instant]);
    const usedBy = cumulative(days, uses);
    const end = coupon.price_rule.ends_at;
    const expiredBy = days.map((day, index) =>
      end && counts.expired > 0 && day >= dayOf(end) ? Math.max(0, issuedBy[index] - usedBy[index]) : 0,
    );
    const series = [
      { name: "issued", label: t("picture.issued"), values: issuedBy },
      { name: "used", label: t("picture.used"), values: usedBy },
      { name: "expired", label: t("picture.expired"), values: expiredBy },
    ];
    const marks =
      coupon.redeem_count > 0 ? [{ name: "claimed", label: t("picture.claimed"), value: coupon.redeem_count }] : [];
    const goOn = async () => {
      replace(box, h("p", { class: "waiting" }, t("picture.running")), bar);
      try {
        await readUsed(counts.used);
        show(counts, { places, exact });
      } catch (error) {
        if (error.name !== "AbortError") replace(box, errorBox(error, goOn));
      }
    };
    replace(
      box,
      figures(coupon, counts),
      stepChart({ days, series, marks, title: t("picture.title") }),
      exact ? null : h("p", { class: "hint" }, t("picture.inexact")),
      state.whole
        ? null
        : h(
            "div",
            { class: "note" },
            h("p", null, t("picture.partly", { read: number(state.used.length), count: number(counts.used) })),
            button(t("picture.go_on", { count: number(ROWS) }), goOn),
          ),
      h("p", { class: "hint" }, t("picture.note")),
    );
  };
  draw();
  return box;
}
