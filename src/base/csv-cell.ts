/** Characters that begin a formula in a spreadsheet, their East Asian full-width forms included. */
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/**
 * A cell of a CSV file (RFC 4180). A text that begins like a formula would be one in a spreadsheet,
 * where a formula can start programs and send cells elsewhere: an apostrophe before it makes it a
 * text. Numbers are left as they are.
 */
export function csvCell(text: string): string {
  const formula = FORMULA.test(text) && !(text.trim() !== '' && Number.isFinite(Number(text)));
  const safe = formula ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
