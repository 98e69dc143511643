// A picture of a coupon's codes, day by day, from data of the public API.
//
// Issued: the position of a code in the list by id is the number of codes issued before it, and ids grow with time. A
// bisection over single positions (`page_size=1&page=N`) finds the exact number of each day.
// Used: each used code has its time. They are read one after the other, up to a limit that the user can raise.
// Expired: all codes of a coupon end with their rule. From then on all issued codes that were not used have expired.
// Claimed: the API gives the number and not the times.

import { get, now, query as withQuery, walk } from "./api.js";
import { stepChart } from "./chart.js";
import { button, h, replace } from "./dom.js";
import { errorBox } from "./errors.js";
import { number, t } from "./i18n.js";

const CODES = "/api/discounts/coupon_code/";
/** Number of single positions that are read. */
const LOOKS = 240;
/** Number of used codes that are read before the user is asked. */
const ROWS = 5000;
/** Largest number of days of a picture. Earlier codes count on its first day. */
const DAYS = 400;

const dayOf = (instant) => instant.slice(0, 10);

/** Returns the day that is `days` later, in the same notation. */
function later(day, days) {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}

/** Returns today in the zone of an instant. */
function todayLike(instant) {
  const found = /([+-])(\d\d):(\d\d)$/.exec(instant);
  const minutes = found ? Number(`${found[1]}1`) * (Number(found[2]) * 60 + Number(found[3])) : 0;
  return new Date(now() + minutes * 60_000).toISOString().slice(0, 10);
}

/** Returns positions in the list of a coupon's codes with the instants of their codes, enough to count each day. */
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
    // The widest gaps come first, so that the limit loses the least detail.
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

/** Returns the number of codes at the end of each day, from positions and their instants. */
function cumulative(days, places) {
  let at = 0;
  return days.map((day) => {
    while (at < places.length && dayOf(places[at][1]) <= day) at += 1;
    return at === 0 ? 0 : places[at - 1][0];
  });
}

/** Returns the days from the first to the last. */
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

/** Returns the picture, which loads its own data. */
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
    // The offset may have changed with summer time since the coupon was created.
    const newest = [coupon.created_at, places.at(-1)[1], ...state.used].reduce((one, other) =>
      Date.parse(other) > Date.parse(one) ? other : one,
    );
    const today = todayLike(newest);
    // The chart starts on the day before, with no code.
    const first = later(dayOf(places[0][1]), -1);
    // A clock that is behind that of the service must not hide the last day.
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
