import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { QueuedRun } from '../../src/queue/broker.ts';
import { notHere, otherVersion } from '../../src/queue/refusal.ts';
import { failureText, mayPass, readFailure } from '../../src/queue/retry-rules.ts';
import { MARK_FILE, markFor, readMark } from '../../src/queue/shared-folder.ts';
import { nameText, readNames, workerText } from '../../src/queue/worker-name.ts';
import { temporaryFolder } from '../pipeline/pictures.ts';

describe('another attempt', () => {
  it.each([
    ['usage', false],
    ['data', false],
    ['bug', true],
    ['unavailable', true],
  ])('after %s: %s', (kind, expected) => {
    expect(mayPass({ kind, message: '' })).toBe(expected);
  });

  it('failures are read back as they were written, and what the broker says is a bug', () => {
    const error = { kind: 'data', message: 'no image: 3 files\nin a' };
    expect(readFailure(failureText(error))).toEqual(error);
    expect(readFailure('job stalled: too often')).toEqual({
      kind: 'bug',
      message: 'job stalled: too often',
    });
  });
});

describe('what a worker leaves to others', () => {
  let home = '';
  let run: QueuedRun;
  beforeAll(async () => {
    home = await temporaryFolder();
    await mkdir(join(home, 'photos'));
    const folder = join(home, 'runs', 'sweep', 'a');
    const mark = await markFor(folder);
    const values = { data: join(home, 'photos'), weights: 'random', out: folder };
    run = { version: '1', name: 'a', folder, values, overwrite: false, offline: false, mark };
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  it('a run of another version, by both names', () => {
    expect(otherVersion(run, '1')).toBeUndefined();
    expect(otherVersion(run, '2')).toMatch(/queued by vggtune 1, and this is 2/);
  });

  it('nothing where all is there', async () => {
    expect(await notHere(run, 'node7')).toBeUndefined();
  });

  it.each(['data', 'weights', 'decisions', 'weightsPreprocessing'])(
    'a run whose %s only another machine has: the path and the host are named',
    async (key) => {
      const path = join(home, 'elsewhere');
      const said = await notHere({ ...run, values: { ...run.values, [key]: path } }, 'node7');
      expect(said).toContain(`there is no ${path} (${key}) on node7`);
    },
  );

  it('a run folder of the same path on storage that is not shared', async () => {
    expect(await notHere({ ...run, mark: 'another' }, 'node7')).toMatch(
      /on node7 is another folder/,
    );
    const folder = join(home, 'nowhere', 'a');
    expect(await notHere({ ...run, folder }, 'node7')).toContain(`${dirname(folder)} on node7`);
  });

  it('the mark is the same for every batch, and an empty one is refused', async () => {
    expect(await markFor(run.folder)).toBe(run.mark);
    expect(await readMark(run.folder)).toBe(run.mark);
    const other = join(home, 'empty', 'a');
    await mkdir(dirname(other));
    await writeFile(join(dirname(other), MARK_FILE), '');
    await expect(markFor(other)).rejects.toThrow(/cannot be read, or is empty/);
  });
});

it('workers are named once, though each has two connections', () => {
  const worker = { host: 'node 7', pid: 12 };
  const client = { rawname: `bull:dmdndHVuZQ==:w:${nameText(worker)}` };
  expect(readNames([client, client, { name: 'other' }])).toEqual([worker]);
  expect(workerText(worker)).toBe('node 7 (process 12)');
});
