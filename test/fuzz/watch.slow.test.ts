import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

interface Finding {
  readonly kind: string;
  readonly key: string;
  readonly bytes: Buffer;
}

interface Sums {
  readonly inputs: number;
  readonly crashes: number;
  readonly hangs: number;
  readonly memory: number;
}

/** The part of `watch.js` that is used here: the scripts of `npm run test:fuzz` have no types. */
interface Watch {
  readonly watchReader: (job: object, onFinding: (finding: Finding) => void) => Promise<Sums>;
}

const { watchReader } = (await import(
  fileURLToPath(new URL('watch.js', import.meta.url))
)) as Watch;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vggtune-watch-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Fuzzes a reader whose body is given; its seed is `good`, and its only token is `bad`. */
async function fuzz(body: string): Promise<{ sums: Sums; findings: Finding[] }> {
  const path = join(folder, `${Math.random()}.mjs`);
  const reader = `{ seeds: [Buffer.from('good')], tokens: [Buffer.from('bad')], read }`;
  await writeFile(
    path,
    `import { existsSync, writeFileSync } from 'node:fs';\nconst read = (bytes) => {${body}};\nexport const create = () => (${reader});`,
  );
  const limits = { time: 800, heap: 128, resident: 2 ** 30, floor: 2 ** 22, multiple: 64 };
  const common = { name: 'own', corpus: join(folder, 'none'), seed: '1', guided: 0, limits };
  const findings: Finding[] = [];
  const job = { ...common, module: pathToFileURL(path).href, inputs: 2000, milliseconds: 60_000 };
  const sums = await watchReader(job, (finding) => findings.push(finding));
  return { sums, findings };
}

const IS_BAD = `bytes.includes('bad')`;

test('a reader that is right gives no findings', async () => {
  const { sums, findings } = await fuzz('');
  expect(findings).toEqual([]);
  expect(sums).toMatchObject({ inputs: 2000, crashes: 0, hangs: 0, memory: 0 });
});

test('an error that is not typed is found, and its input made small', async () => {
  const { sums, findings } = await fuzz(`if (${IS_BAD}) throw new RangeError('no');`);
  expect(sums.crashes).toBeGreaterThan(0);
  expect(findings).toHaveLength(1);
  expect(findings[0]).toMatchObject({ kind: 'crash', bytes: Buffer.from('bad') });
});

test('an input that takes for ever is named, and the rest goes on', async () => {
  const once = `globalThis.hung = (globalThis.hung ?? 0) + 1;`;
  const { sums, findings } = await fuzz(`${once} if (globalThis.hung === 1500) for (;;);`);
  expect(sums).toMatchObject({ hangs: 1, inputs: 2000 });
  expect(findings.map(({ kind }) => kind)).toEqual(['hang']);
});

test('array buffers that are asked for count, whether they are granted or not', async () => {
  const { sums, findings } = await fuzz(
    `if (${IS_BAD}) try { new Float32Array(2 ** 40); } catch {}`,
  );
  expect(sums.memory).toBeGreaterThan(0);
  expect(findings[0]).toMatchObject({ kind: 'memory' });
  expect(findings[0]?.bytes.includes('bad')).toBe(true);
});

test('a process that ends is a finding with its last input, and the rest goes on', async () => {
  const marker = join(folder, 'ended');
  const { sums, findings } = await fuzz(
    `if (${IS_BAD} && !existsSync('${marker}')) { writeFileSync('${marker}', ''); process.abort(); }`,
  );
  expect(sums).toMatchObject({ crashes: 1, inputs: 2000 });
  expect(findings).toHaveLength(1);
  expect(findings[0]).toMatchObject({ kind: 'end' });
  expect(findings[0]?.bytes.includes('bad')).toBe(true);
});
