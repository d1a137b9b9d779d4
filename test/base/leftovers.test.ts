import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { removeLeftovers } from '../../src/base/leftovers.ts';

it('removes what was begun, whatever it is, and nothing of a person', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vggtune-leftovers-'));
  const own = ['last.safetensors.0123456789ab.tmp', 'lock.0123456789ab'];
  const mine = ['lock', 'notes.tmp', 'last.safetensors', 'a.0123456789ab', 'b.0123456789AB.tmp'];
  for (const name of [...own, ...mine]) await writeFile(join(folder, name), '');
  await mkdir(join(folder, 'keras.old.0123456789ab.tmp'));
  await removeLeftovers(folder);
  expect((await readdir(folder)).sort()).toEqual([...mine].sort());
  await removeLeftovers(join(folder, 'none'));
  await rm(folder, { recursive: true });
});
