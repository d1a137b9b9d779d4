/** Characters that begin a formula in a spreadsheet, their East Asian full-width forms included. */
const FORMULA = /^'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/**
 * A cell of a CSV file (RFC 4180). A text that begins like a formula would be one in a spreadsheet,
 * where a formula can start programs and send cells elsewhere: an apostrophe before it makes it a
 * text. Numbers are left as they are. Spaces at the ends are kept by quotes, since readers drop others.
 */
export function csvCell(text: string): string {
  const safe = isFormula(text) ? `'${text}` : text;
  return /[",\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The text of which `csvCell` made a cell, once the quotes are gone. */
export function csvCellText(cell: string): string {
  return cell.startsWith("'") && isFormula(cell) ? cell.slice(1) : cell;
}

const isFormula = (text: string) =>
  FORMULA.test(text) && !(text.trim() !== '' && Number.isFinite(Number(text)));
