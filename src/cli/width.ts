const segmenter = new Intl.Segmenter();

/** Characters of two columns in a terminal: East Asian Wide and Fullwidth (UAX 11) and emoji presentation. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u;
/** Characters of no column: combining marks and control characters. */
const EMPTY = /^[\p{Mark}\p{Control}\p{Format}]+$/u;
// biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes begin with one
const COLOUR = /\u001b\[[0-9;]*m/g;
/** Control characters, including those that change the direction of text. */
const CONTROLS = '\\p{Cc}\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ufff9-\\ufffb';
const CONTROL = new RegExp(`[${CONTROLS}]`, 'gu');
/** The colour codes that we write ourselves, or a control character. */
const PAINT_OR_CONTROL = new RegExp(`\\u001b\\[(?:1|2|22|31|32|33|39)m|[${CONTROLS}]`, 'gu');

/** The width of a text in terminal columns; colour codes take none. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const { segment } of segmenter.segment(text.replace(COLOUR, ''))) {
    width += widthOf(segment);
  }
  return width;
}

function widthOf(segment: string): number {
  if (EMPTY.test(segment)) return 0;
  return WIDE.test(segment) ? 2 : 1;
}

/** The text without control sequences that a terminal would act upon: a file's name may hold anything. */
export function printable(text: string): string {
  return text.replace(CONTROL, '\ufffd');
}

/**
 * A formatted text with its line breaks and colours, and without anything else that a terminal would act
 * upon. This is the last guard, since much of what is shown comes from files.
 */
export function harmless(text: string): string {
  return text.replace(PAINT_OR_CONTROL, (found) =>
    found === '\n' || found.length > 1 ? found : '\ufffd',
  );
}

/** A value as JSON in which control characters are written as `\uNNNN`; it parses to the same value. */
export function harmlessJson(value: unknown, indent = 2): string {
  return JSON.stringify(value, null, indent).replace(CONTROL, (found) =>
    found === '\n' ? found : `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Shortens a text to a number of characters; the number of characters left out of the middle is stated. */
export function abridge(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = Math.floor(most / 4);
  const left = text.length - most;
  return `${text.slice(0, most - end)}[... ${left} characters ...]${text.slice(-end)}`;
}

/** Cuts a text without colours to a width; what is left out, at its end or its beginning, is marked by `…`. */
export function truncate(text: string, width: number, at: true | 'left' = true): string {
  if (displayWidth(text) <= width) return text;
  const segments = [...segmenter.segment(text)].map(({ segment }) => segment);
  if (at === 'left') segments.reverse();
  const kept: string[] = [];
  let used = 0;
  for (const segment of segments) {
    used += widthOf(segment);
    if (used > width - 1) break;
    kept.push(segment);
  }
  if (width <= 0) return '';
  return at === 'left' ? `…${kept.reverse().join('')}` : `${kept.join('')}…`;
}

export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return align === 'left' ? text + space : space + text;
}

/** Wraps a line between words; continuation lines are indented by two more columns. */
export function hang(line: string, width: number): string[] {
  const indent = /^ */.exec(line)?.[0] ?? '';
  const below = `${indent}  `;
  const [first = '', ...rest] = wrap(line.slice(indent.length), width - below.length);
  return [indent + first, ...rest.map((each) => below + each)];
}

/** A command to copy: a terminal that breaks it itself gives it back whole. */
const COMMAND = /^ +(?:npx )?vggtune /;

/** Wraps what is wider than a terminal between words, which the terminal would do anywhere. */
export function fitted(text: string, width: number | undefined): string {
  if (width === undefined) return text;
  return text
    .split('\n')
    .flatMap((line) =>
      displayWidth(line) <= width || COMMAND.test(line) ? [line] : hang(line, width),
    )
    .join('\n');
}

/** Breaks words into lines of at most `width` columns; a longer word stands alone. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const joined = line === '' ? word : `${line} ${word}`;
    if (line !== '' && displayWidth(joined) > width) {
      lines.push(line);
      line = word;
    } else line = joined;
  }
  lines.push(line);
  return lines;
}
