import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VggtuneError } from '../../src/base/errors.ts';

interface Reader {
  readonly seeds: readonly Buffer[];
  readonly read: (bytes: Buffer) => unknown;
}

/** The part of `readers/index.js` that is used here: the scripts of `npm run test:fuzz` have no types. */
interface Readers {
  readonly READERS: readonly string[];
  readonly createReader: (
    name: string,
    of: { readonly load: (module: string) => Promise<unknown>; readonly folder: string },
  ) => Promise<Reader>;
}

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const { READERS, createReader } = (await import(here('readers/index.js'))) as Readers;
const load = (module: string): Promise<unknown> => import(here(`../../src/${module}.ts`));

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vggtune-fuzz-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What became of an input: it was read, or refused with a typed error. Anything else is thrown on. */
async function outcome({ read }: Reader, bytes: Buffer): Promise<'read' | 'refused'> {
  try {
    await read(bytes);
    return 'read';
  } catch (error) {
    if (error instanceof VggtuneError) return 'refused';
    throw error;
  }
}

async function corpusOf(name: string): Promise<[string, Buffer][]> {
  const path = new URL(`corpus/${name}/`, import.meta.url);
  const files = await readdir(path).catch((): string[] => []);
  return Promise.all(
    files.sort().map(async (file): Promise<[string, Buffer]> => {
      return [file, await readFile(new URL(file, path))];
    }),
  );
}

describe.each([...READERS])('the reader of %s', (name) => {
  test('reads what is valid, and neither fails nor hangs on what was found before', async () => {
    const reader = await createReader(name, { load, folder });
    const outcomes: string[] = [];
    for (const bytes of reader.seeds) outcomes.push(await outcome(reader, bytes));
    expect(outcomes, 'the seeds').toContain('read');
    for (const [file, bytes] of await corpusOf(name)) {
      await outcome(reader, bytes).catch((cause: unknown) => {
        throw new Error(`corpus/${name}/${file} fails`, { cause });
      });
    }
  }, 30_000);
});

test('each folder of the corpus has a reader', async () => {
  const folders = await readdir(new URL('corpus/', import.meta.url));
  expect(READERS).toEqual(expect.arrayContaining(folders));
});

test('an error that is not typed is a finding', async () => {
  const read = () => JSON.parse('{');
  await expect(outcome({ seeds: [], read }, Buffer.alloc(0))).rejects.toThrow(SyntaxError);
});
