import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readPlainFile } from '../../src/base/plain-file.ts';
import { openTensorFile } from '../../src/formats/open.ts';
import { importWeights } from '../../src/weights/manage.ts';
import { testStorage } from '../storage.ts';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'vggtune-plain-'));
  execFileSync('mkfifo', [join(home, 'pipe')]);
});
afterAll(() => rm(home, { recursive: true, force: true }));

const read = (path: string, most = 10) => readPlainFile(path, { most, what: 'a text' });

it('reads a file up to its limit', async () => {
  const path = join(home, 'file');
  await writeFile(path, '0123456789');
  expect((await read(path)).toString()).toBe('0123456789');
  await expect(read(path, 9)).rejects.toMatchObject({
    kind: 'data',
    details: { expected: 'a text of at most 9 bytes' },
  });
  await truncate(path, 2 ** 40);
  await expect(read(path)).rejects.toMatchObject({ message: `${path} is too large` });
  await expect(read(join(home, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
});

it.runIf(process.platform === 'linux')(
  'a file that says that it is empty has the limit too',
  async () => {
    await expect(read('/proc/self/smaps', 100)).rejects.toMatchObject({ kind: 'data' });
    expect((await read('/proc/self/comm', 100)).length).toBeGreaterThan(1);
  },
);

it('opens nothing but a plain file', async () => {
  const server = createServer();
  const socket = join(home, 'socket');
  await new Promise<void>((done) => server.listen(socket, done));
  for (const [path, found] of [
    [join(home, 'pipe'), 'a named pipe'],
    ['/dev/zero', 'a device'],
    [home, 'a folder'],
    [socket, 'a socket'],
  ] as const) {
    await expect(read(path)).rejects.toMatchObject({ kind: 'data', details: { found } });
  }
  await new Promise((done) => server.close(done));
});

it('weights come from plain files', async () => {
  for (const open of [openTensorFile, (path: string) => importWeights(path, testStorage())]) {
    await expect(open(join(home, 'pipe'))).rejects.toMatchObject({
      kind: 'data',
      details: { found: 'a named pipe' },
    });
  }
});
