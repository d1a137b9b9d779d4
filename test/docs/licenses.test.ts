import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** Checks the page of licences of a folder; returns what the script says. */
function checked(root: string): string {
  const words = ['build/licenses.js', '--check', '--root', root];
  return spawnSync(process.execPath, words, { encoding: 'utf8' }).stderr;
}

test('LICENSES.md has the licence of every package that is installed with vggtune', () => {
  expect(checked('.')).toBe('');
});

test.each([
  ['a package that the page lacks', { license: 'MIT' }, /npm run licenses/],
  ['a licence that nobody has looked at', { license: 'SSPL-1.0' }, /another is under SSPL-1\.0/],
  ['a choice of which one is unknown', { license: '(MIT OR X)' }, /another is under X,/],
  ['no licence at all', {}, /another is under none/],
])('%s is told', (_, entry, message) => {
  const root = mkdtempSync(join(tmpdir(), 'vggtune-licenses-'));
  try {
    cpSync('LICENSES.md', join(root, 'LICENSES.md'));
    const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: object };
    const packages = { ...lock.packages, 'node_modules/another': { version: '1.0.0', ...entry } };
    writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages }));
    expect(checked(root)).toMatch(message);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
