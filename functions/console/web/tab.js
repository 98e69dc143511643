// Values that this tab keeps over a reload of the page, until it is closed or the user signs out.

/** True if the browser stores nothing at all for this page. */
export function isRefused() {
  try {
    sessionStorage.setItem("youhui.tried", "");
    sessionStorage.removeItem("youhui.tried");
    return false;
  } catch {
    return true;
  }
}

/** Returns the value that is kept under a name, or null. */
export function inTab(name) {
  return JSON.parse(sessionStorage.getItem(`youhui.${name}`));
}

/**
 * Keeps a value; null removes it. If the value is too large for the browser's storage, keeps the old value and returns
 * false.
 */
export function keepInTab(name, value) {
  try {
    if (value === null) sessionStorage.removeItem(`youhui.${name}`);
    else sessionStorage.setItem(`youhui.${name}`, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}
