// Reads and writes comma-separated values.

/**
 * Pattern of a text that a spreadsheet would take for a formula, with or without the apostrophe that marks it as text.
 */
const FORMULA = /^'*[=+\-@＝＋－＠\t\r]/;
const GUARDED = /^'('*[=+\-@＝＋－＠\t\r])/;

/** Returns a text without the apostrophe of a spreadsheet. */
export const unguarded = (text) => text.replace(GUARDED, "$1");

/**
 * Returns the rows of a text, each with the number of its first line. The separator is a comma (also a full-width one),
 * a semicolon or a tab, whichever the first line with one of them has.
 */
export function parseCsv(text) {
  const clean = text.replace(/^\uFEFF/, "");
  const first = /^.*[\t;,，]/m.exec(clean)?.[0] ?? "";
  const separator = ["\t", ";", ",", "，"].find((candidate) => first.includes(candidate)) ?? ",";
  const rows = [];
  let fields = [];
  let field = "";
  let line = 1;
  let begun = 1;
  let quoted = false;
  const endField = () => {
    fields.push(unguarded(field.trim()));
    field = "";
  };
  const endRow = () => {
    endField();
    rows.push({ line: begun, fields });
    fields = [];
    begun = line;
  };
  for (let at = 0; at < clean.length; at += 1) {
    const sign = clean[at];
    if (sign === "\n") line += 1;
    if (quoted) {
      if (sign !== '"') field += sign;
      else if (clean[at + 1] === '"') {
        field += '"';
        at += 1;
      } else quoted = false;
    } else if (sign === '"' && field.trim() === "") {
      quoted = true;
      field = "";
    } else if (sign === separator) endField();
    else if (sign === "\n") endRow();
    else if (sign !== "\r") field += sign;
  }
  if (field !== "" || fields.length > 0) endRow();
  return rows;
}

/** Returns the text of a file in UTF-8 or UTF-16, or else in the encoding of Excel in China; null for a workbook. */
export async function textOf(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const [first, second] = bytes;
  if ((first === 0x50 && second === 0x4b) || (first === 0xd0 && second === 0xcf)) return null;
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("gb18030").decode(bytes);
  }
}

/** Returns a field that a spreadsheet reads as text: quoted where needed, and with an apostrophe before a formula. */
function cell(value) {
  const text = String(value);
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Returns rows as a text with a byte order mark, by which spreadsheets recognise UTF-8. */
export function toCsv(rows) {
  return `\uFEFF${rows.map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
}

/** Offers a text to the user as a file. */
export function save(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
