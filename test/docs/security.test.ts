import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const text = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');

it('is part of the package', () => {
  expect(JSON.parse(text('package.json')).files).toContain('SECURITY.md');
});

it.each([
  ['src/base/yaml-size.ts', 'LARGEST_YAML = 64 * 1024;', 'At most 64 kB'],
  ['src/base/yaml-size.ts', 'MOST_ENTRIES = 5000;', '5,000 keys and values'],
  ['src/config/load-file.ts', 'MOST_FILES = 100;', '100 files'],
  ['src/dataset/csv-list.ts', 'MOST_BYTES = 2 ** 28;', '256 MiB'],
  ['src/dataset/walk.ts', 'MOST_FOLDERS = 100_000;', '100,000 folders'],
])('says the limit that %s has: %s', (file, limit, words) => {
  expect(text(file)).toContain(limit);
  expect(text('SECURITY.md')).toContain(words);
});
