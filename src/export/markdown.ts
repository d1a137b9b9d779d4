/** Control characters, line breaks among them, and those that change the direction of what is written. */
const CONTROLS = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+/gu;

const LONGEST = 200;

/**
 * A name out of somebody's data as Markdown that shows it and does nothing else. An underscore within
 * a word has no meaning, and stays as it is: addresses have them.
 */
export function plainText(text: string): string {
  return oneLine(text)
    .replace(/[\\`*[\]|~#!]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

/** The same as a code span: between more backticks than the text has in a row. */
export function codeSpan(text: string): string {
  const shown = oneLine(text);
  const runs = shown.match(/`+/g) ?? [];
  const fence = '`'.repeat(runs.reduce((most, run) => Math.max(most, run.length), 0) + 1);
  // Spaces beside a backtick are not part of the code; without one they would be shown.
  const gap = shown === '' || shown.includes('`') ? ' ' : '';
  return `${fence}${gap}${shown}${gap}${fence}`;
}

function oneLine(text: string): string {
  const shown = text.replace(CONTROLS, '\ufffd');
  return shown.length > LONGEST ? `${shown.slice(0, LONGEST)}...` : shown;
}
