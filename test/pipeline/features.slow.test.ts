import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { vggtune } from '../cli/bin.ts';
import { pictureFolder, temporaryFolder } from './pictures.ts';

const PER_CLASS = 40;
const IMAGES = 3 * PER_CLASS;

let home: string;
beforeAll(async () => {
  home = await temporaryFolder();
  await pictureFolder(PER_CLASS, join(home, 'pictures'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const SETTINGS = ['--backbone', 'vgg-nano', '--strategy', 'head', '--augment.views', '1'];

function run(command: string, cache: string, ...more: string[]) {
  return vggtune([command, 'pictures', ...SETTINGS, ...more], {
    cwd: home,
    environment: { VGGTUNE_CACHE: join(home, cache) },
  });
}

interface Index {
  readonly rows: readonly (readonly [key: string, checksum: number])[];
}

/** The key and the checksum of each row that was ever computed into a cache. */
async function computedRows(cache: string): Promise<string[]> {
  const folder = join(home, cache, 'features');
  const files = (await readdir(folder, { recursive: true })).filter((name) =>
    name.endsWith('.json'),
  );
  const all = await Promise.all(
    files.map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8')) as Index),
  );
  return all.flatMap(({ rows }) => rows.map((row) => JSON.stringify(row))).sort();
}

it('are computed by four processes, one of which is killed, as by one, each once', async () => {
  const whole = await run('features', 'whole');
  expect(whole.code, whole.stderr).toBe(0);
  expect(whole.stdout).toContain(`of ${IMAGES} of ${IMAGES} images`);
  const shards = ['1/4', '2/4', '3/4', '4/4'];
  const killed = vggtune(['features', 'pictures', ...SETTINGS, '--shard', '4/4'], {
    cwd: home,
    environment: { VGGTUNE_CACHE: join(home, 'shared') },
    onStderr: (told, child) => {
      if (told.includes('starts from')) child.kill('SIGKILL');
    },
  });
  const ended = await Promise.all(
    shards.slice(0, 3).map((shard) => run('features', 'shared', '--shard', shard)),
  );
  for (const { code, stderr } of ended) expect(code, stderr).toBe(0);
  expect((await killed).code).toBe(null);
  const again = await run('features', 'shared', '--shard', '4/4', '--json');
  expect(again.code, again.stderr).toBe(0);
  const rows = await computedRows('shared');
  expect(rows).toEqual(await computedRows('whole'));
  expect(new Set(rows).size).toBe(rows.length);
  expect(rows.length).toBeGreaterThanOrEqual(IMAGES);

  // Training finds all of them, and comes to the same.
  const weights = async (cache: string) => {
    const trained = await run('train', cache, '--out', `run-${cache}`);
    expect(trained.code, trained.stderr).toBe(0);
    return readFile(join(home, `run-${cache}`, 'model', 'model.safetensors'), 'base64');
  };
  expect(await weights('shared')).toBe(await weights('nothing'));
  expect(await computedRows('shared')).toEqual(rows);
});

it('of a strategy that is not named, or freezes nothing, are refused', async () => {
  for (const strategy of ['auto', 'scratch']) {
    const { code, stderr } = await run('features', 'none', '--strategy', strategy);
    expect(code).toBe(2);
    expect(stderr).toContain('head or top');
  }
});
