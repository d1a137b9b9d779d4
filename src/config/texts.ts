import type { Field } from './fields.ts';
import { type ConfigIssue, shown } from './issues.ts';
import type { ConfigSource } from './setting-sources.ts';

/** A value, or the reason why the text is not one. */
export type Parsed =
  | { readonly value: unknown }
  | { readonly expected: string; readonly found: string };

const TRUE = new Set(['true', 'yes', 'on', '1']);
const FALSE = new Set(['false', 'no', 'off', '0']);

/**
 * Parses the text of a flag or variable. Only its form is checked here; the schema checks the value later.
 * `none` and `auto` are null where null has a meaning.
 */
export function parseText(field: Field, text: string): Parsed {
  const word = text.trim();
  const nothing = field.kind === 'text' ? ['auto'] : ['none', 'auto', 'null'];
  if (field.nullable && nothing.includes(word.toLowerCase())) return { value: null };
  switch (field.kind) {
    case 'text':
      return { value: text };
    case 'choice':
      return { value: word };
    case 'choices':
      return { value: word === '' || word === 'none' ? [] : word.split(',').map((s) => s.trim()) };
    case 'boolean':
      return parseBoolean(word);
    case 'number':
    case 'integer':
      return parseNumber(field, word);
    case 'numbers':
      return parseNumbers(word);
    case 'switch':
      return { expected: 'none, or the keys of the group one by one', found: shown(text) };
  }
}

function parseBoolean(word: string): Parsed {
  if (TRUE.has(word.toLowerCase())) return { value: true };
  if (FALSE.has(word.toLowerCase())) return { value: false };
  return { expected: 'true or false', found: shown(word) };
}

function parseNumber(field: Field, word: string): Parsed {
  const value = numberOf(word);
  if (value !== undefined) return { value };
  const kind = field.kind === 'integer' ? 'a whole number' : 'a number';
  return { expected: field.nullable ? `${kind}, or ${field.nullWord}` : kind, found: shown(word) };
}

function parseNumbers(word: string): Parsed {
  const values = word
    .replace(/^\[|\]$/g, '')
    .split(',')
    .map(numberOf);
  if (values.every((value) => value !== undefined)) return { value: values };
  return { expected: 'numbers with commas between them', found: shown(word) };
}

function numberOf(word: string): number | undefined {
  const value = Number(word);
  return word.trim() === '' || !Number.isFinite(value) ? undefined : value;
}

/** A field, the text that it was given, and the name it was given by (`--lr`, `VGGTUNE_SEED`). */
export interface Given {
  readonly field: Field;
  readonly text: string;
  readonly name: string;
}

/** A config source from the texts of flags or environment variables. */
export function textSource(origin: string, given: readonly Given[]): ConfigSource {
  const values: Record<string, unknown> = {};
  const issues: ConfigIssue[] = [];
  const names = new Map(given.map(({ field, name }) => [field.path, name]));
  for (const { field, text, name } of given) {
    const parsed = parseText(field, text);
    if ('value' in parsed) place(values, field.path, parsed.value);
    else issues.push({ path: field.path, where: name, message: 'not a possible value', ...parsed });
  }
  return { origin, values, issues, placeOf: (path) => names.get(path) };
}

function place(values: Record<string, unknown>, path: string, value: unknown): void {
  const keys = path.split('.');
  const last = keys.pop() ?? path;
  let group = values;
  for (const key of keys) {
    const inner = group[key];
    if (typeof inner === 'object' && inner !== null) group = inner as Record<string, unknown>;
    else {
      const made = {};
      group[key] = made;
      group = made;
    }
  }
  group[last] = value;
}
