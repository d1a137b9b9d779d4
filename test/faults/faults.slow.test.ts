import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { temporaryFolder } from '../pipeline/pictures.ts';

// The campaign itself is `npm run test:faults`; here its machinery is tried on one fault. It runs what is built.

let work: string;
beforeAll(async () => {
  work = await temporaryFolder();
});
afterAll(() => rm(work, { recursive: true, force: true }));

const faults = (...words: string[]) =>
  spawnSync(process.execPath, [resolve('test/faults/main.js'), '--work', work, ...words], {
    encoding: 'utf8',
  });

it('a run that is killed at a write and resumed is counted as the same', () => {
  const { status, stdout, stderr } = faults('--kind', 'kill-write', '--faults', '1');
  expect(status, stderr).toBe(0);
  expect(stdout).toMatch(
    /^\| kill-write \| [1-4] \| [1-4] \| 0 \| 1 \| 1 \| 0 \| 0 \| 0 \| 0 \|$/m,
  );
  const again = faults('--kind', 'kill-write', '--faults', '1');
  expect(again.stdout).toBe(stdout);
  expect(again.stderr).toBe('');
});

it('a result that is another one is found, and how to repeat it is said', () => {
  const summary = join(work, 'references', 'scratch_onnx', 'tmp', 'summary.json');
  const reference = JSON.parse(readFileSync(summary, 'utf8'));
  reference.result['run/model/model.safetensors'] = 'of other weights';
  writeFileSync(summary, JSON.stringify(reference));
  const { status, stderr } = faults('--only', 'kill-write:0');
  expect(status).toBe(1);
  expect(stderr).toMatch(/^faked {2}kill-write:0 .*run\/model\/model\.safetensors differs/m);
  expect(stderr).toContain('again: npm run test:faults -- --seed 1 --only kill-write:0');
});
