import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { OTHER_VARIABLES } from '../../src/config/environment.ts';
import { CONFIG_FIELDS } from '../../src/config/fields.ts';
import { GATE_METRICS } from '../../src/config/gates.ts';
import { referenceRow } from './reference.ts';

const text = readFileSync('docs/config.md', 'utf8');

it('docs/config.md has the row of every setting, as the schema says it, and no other', () => {
  const rows = text
    .split('## Every setting')[1]
    ?.split('\n')
    .filter((line) => line.startsWith('| `'));
  expect(rows).toEqual(CONFIG_FIELDS.map(referenceRow));
});

it('it documents every metric of a gate and every other variable', () => {
  for (const [metric, meaning] of Object.entries(GATE_METRICS)) {
    expect(text).toContain(`| \`${metric}\` | ${meaning} |`);
  }
  for (const name of Object.keys(OTHER_VARIABLES)) expect(text).toContain(`| \`${name}\` |`);
});

it('the README has exactly the two commands for a fresh machine', () => {
  const readme = readFileSync('README.md', 'utf8');
  expect(readme.match(/^npm ci.*$/gm)).toEqual([
    'npm ci && npx vggtune demo',
    'npm ci && npm test',
  ]);
});
