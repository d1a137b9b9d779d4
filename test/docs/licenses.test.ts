import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test('LICENSES.md has the licence of every package that is installed with vggtune', () => {
  const { dependencies } = JSON.parse(read('package.json')) as { dependencies: object };
  const text = read('LICENSES.md');
  for (const name of Object.keys(dependencies)) {
    const { license } = JSON.parse(read(`node_modules/${name}/package.json`)) as {
      license: string;
    };
    expect(text).toContain(`| ${name} | ${license}`);
  }
});
