import { Lexer } from 'yaml';

/** More than any config needs; a larger file is something else, such as an image. */
export const LARGEST_YAML = 64 * 1024;

/** Keys, values of lists and brackets, in one file. The schema has about a hundred keys. */
const MOST_ENTRIES = 5000;

/** Brackets within brackets. The schema has groups within groups, and no deeper ones. */
const DEEPEST = 50;

/** Marks before or after a key or list item, brackets, tags, anchors and aliases. */
const MARKS = new Set([',', ':', '-', '?', '{', '}', '[', ']']);

/**
 * The reason why a YAML text is too large to be parsed, or undefined. The parser compares each key of a
 * mapping with all others, so that a few kilobytes of keys alone would keep it busy for minutes; deeply
 * nested brackets take as long. The check scans the text once.
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
