// What this tab keeps over a reload of the page, until it is closed or its user leaves.

/** Whether the browser keeps nothing at all for this page. */
export function isRefused() {
  try {
    sessionStorage.setItem("youhui.tried", "");
    sessionStorage.removeItem("youhui.tried");
    return false;
  } catch {
    return true;
  }
}

/** What is kept under a name; null where nothing is. */
export function inTab(name) {
  return JSON.parse(sessionStorage.getItem(`youhui.${name}`));
}

/** Keeps a value, null for none. Where it is more than the browser keeps, what stood there stays, and this is false. */
export function keepInTab(name, value) {
  try {
    if (value === null) sessionStorage.removeItem(`youhui.${name}`);
    else sessionStorage.setItem(`youhui.${name}`, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}
