import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { OTHER_VARIABLES } from '../../src/config/environment.ts';
import { GATE_METRICS } from '../../src/config/gates.ts';

const text = readFileSync('docs/config.md', 'utf8');

it('docs/config.md documents every metric of a gate and every other variable', () => {
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
