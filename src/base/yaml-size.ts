import { Lexer } from 'yaml';

/** More than any config needs; a larger file is something else, such as an image. */
export const LARGEST_YAML = 64 * 1024;

/** Keys, values of lists and brackets, in one file. The schema has about a hundred keys. */
const MOST_ENTRIES = 5000;

/** Brackets within brackets. The schema has groups within groups, and no deeper ones. */
const DEEPEST = 50;

/** What stands before or behind a key or a value of a list, brackets, tags, anchors and aliases. */
const MARKS = new Set([',', ':', '-', '?', '{', '}', '[', ']']);

/**
 * What makes a YAML text too large to be read, or undefined. The parser compares each key of a group
 * with all others, so that a text of some kilobytes with nothing but keys would keep it busy for
 * minutes; brackets within brackets take it as long. Its lexer goes over the text once.
 */
export function yamlTooLarge(text: string): string | undefined {
  if (text.length > LARGEST_YAML) return `${text.length} characters`;
  let entries = 0;
  let depth = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') depth++;
    if (token === ']' || token === '}') depth--;
    if (depth > DEEPEST) return `brackets more than ${DEEPEST} deep`;
    if (MARKS.has(token) || /^[!&*]/.test(token)) entries++;
  }
  return entries > MOST_ENTRIES ? `${entries} keys and values` : undefined;
}
