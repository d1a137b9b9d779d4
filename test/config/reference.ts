import type { Field } from '../../src/config/fields.ts';

const VALUES = {
  text: 'text',
  number: 'number',
  integer: 'whole number',
  boolean: 'true, false',
  choice: '',
  numbers: 'two numbers',
  choices: 'list of texts',
  switch: 'group',
} as const;

/** A field's row in the table of docs/config.md. */
export function referenceRow(field: Field): string {
  const flags = [...field.aliases, field.flag].map((name) => `\`--${name}\``).join(' ');
  const values = field.choices.length > 0 ? field.choices.join(', ') : VALUES[field.kind];
  const nullable = field.nullable ? `${values}, null` : values;
  const fallback = field.fallback === undefined ? '' : `\`${JSON.stringify(field.fallback)}\``;
  const cells = [`\`${field.path}\``, flags, nullable, fallback, field.description];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
