/** The colours of a terminal that are used: the 16 of ANSI, on a dark ground. */
const PALETTE = [
  ...['#2b303b', '#ff8f7d', '#6fd3a3', '#e6c07b', '#7ab5f5', '#c792ea', '#6cc7d9', '#e8eaed'],
  ...['#8a92a0', '#ff8f7d', '#6fd3a3', '#e6c07b', '#7ab5f5', '#c792ea', '#6cc7d9', '#ffffff'],
];

/**
 * A page that shows a session in a terminal, as it is on the screen.
 * @param session the lines that were typed, each with the screen that followed
 */
export function sessionPage(session, columns) {
  const parts = session.map(
    ({ line, screen }) =>
      `<b class="typed">$ ${escaped(line)}</b>\n${screenLines(screen, columns).join('\n')}`,
  );
  return `<!doctype html><meta charset="utf-8"><style>
    body { margin: 0; background: #16181c; color: #e8eaed; padding: 16px 20px; }
    pre { margin: 0; font: 13.5px/1.35 "DejaVu Sans Mono", "Liberation Mono", monospace; }
    .typed { color: #fff; }
  </style><pre>${parts.join('\n\n')}</pre>`;
}

function screenLines(screen, columns) {
  const lines = [];
  for (let at = 0; at < screen.length; at++) lines.push(lineOf(screen.getLine(at), columns));
  while (lines.at(-1) === '') lines.pop();
  return lines;
}

/** A row of the screen: cells of one look become one element. */
function lineOf(row, columns) {
  let runs = [];
  for (let x = 0; x < columns; x++) {
    const cell = row.getCell(x);
    if (cell === undefined || cell.getWidth() === 0) continue;
    const style = styleOf(cell);
    const last = runs.at(-1);
    const chars = cell.getChars() || ' ';
    if (last?.style === style) last.text += chars;
    else runs.push({ style, text: chars });
  }
  while (runs.at(-1)?.text.trim() === '') runs = runs.slice(0, -1);
  return runs
    .map(({ style, text }) =>
      style === '' ? escaped(text) : `<span style="${style}">${escaped(text)}</span>`,
    )
    .join('')
    .trimEnd();
}

function styleOf(cell) {
  const parts = [];
  if (cell.isBold()) parts.push('font-weight:bold');
  if (cell.isDim()) parts.push('opacity:.7');
  if (cell.isFgPalette()) parts.push(`color:${PALETTE[cell.getFgColor()] ?? '#e8eaed'}`);
  return parts.join(';');
}

const escaped = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
