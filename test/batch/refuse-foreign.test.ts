import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { RESULT_FILES } from '../../src/batch/constants.ts';
import { refuseForeignResults } from '../../src/batch/refuse-foreign.ts';
import { batchResults } from '../../src/batch/results.ts';
import { writeResults } from '../../src/batch/write-results.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vggtune-results-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('a free name and the results of an earlier batch may be replaced', async () => {
  await refuseForeignResults(join(folder, 'new'));
  await writeResults(folder, batchResults([], 'accuracy'));
  await refuseForeignResults(folder);
});

it.each(RESULT_FILES)('a %s of somebody else is refused', async (name) => {
  await writeResults(folder, batchResults([], 'accuracy'));
  for (const text of ['mine', '{"runs": []}', '[]', '<testsuites name="jest"></testsuites>']) {
    await writeFile(join(folder, name), text);
    await expect(refuseForeignResults(folder)).rejects.toMatchObject({
      kind: 'usage',
      details: { where: join(folder, name), fix: expect.stringContaining('--results') },
    });
  }
});
