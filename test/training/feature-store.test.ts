import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/base/events.ts';
import { type FeatureStoreOptions, openFeatureStore } from '../../src/training/feature-store.ts';

let folder: string;
let events: RunEvent[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vggtune-features-test-'));
  events = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const LENGTH = 5;
const rowOf = (value: number) => Float32Array.from({ length: LENGTH }, (_, i) => value + i / 10);

function store(options: Partial<FeatureStoreOptions> = {}) {
  const emit = (event: RunEvent) => events.push(event);
  return openFeatureStore({ folder, rowLength: LENGTH, emit, ...options });
}

/** Writes rows named by their values and closes. */
async function fill(values: readonly number[]): Promise<void> {
  const open = await store();
  for (const value of values) await open.add(`row ${value}`, rowOf(value));
  await open.close();
}

/** The rows of a fresh store that are whole, by value. */
async function readBack(values: readonly number[]): Promise<(number | undefined)[]> {
  const reader = await store();
  const into = new Float32Array(values.length * LENGTH);
  const missing = await reader.read(
    values.map((value) => `row ${value}`),
    into,
  );
  await reader.close();
  return values.map((value, at) => {
    if (missing.includes(at)) return undefined;
    expect(into.slice(at * LENGTH, (at + 1) * LENGTH)).toEqual(rowOf(value));
    return value;
  });
}

const filesEnding = async (ending: string) =>
  (await readdir(folder)).filter((name) => name.endsWith(ending)).map((name) => join(folder, name));

describe('a feature store', () => {
  it('gives rows back in any order, before and after it was closed', async () => {
    const writer = await store();
    await writer.add('row 1', rowOf(1));
    const into = new Float32Array(LENGTH);
    expect(await writer.read(['row 1'], into)).toEqual([]);
    expect(into).toEqual(rowOf(1));
    await writer.close();
    await fill([2, 3, 4]);
    expect(await readBack([4, 1, 3, 9, 2, 4])).toEqual([4, 1, 3, undefined, 2, 4]);
  });

  it('does not trust rows that no index names', async () => {
    await fill([1, 2]);
    await fill([3]);
    const [first] = await filesEnding('.json');
    await rm(first as string);
    expect((await readBack([1, 2, 3])).filter((value) => value !== undefined).length).toBeLessThan(
      3,
    );
  });

  it('forgets exactly the rows that are damaged, and takes them again', async () => {
    await fill([1, 2, 3]);
    const [rows] = await filesEnding('.rows');
    const file = await open(rows as string, 'r+');
    await file.write(Buffer.from([0xff]), 0, 1, LENGTH * 4 + 2);
    await file.close();
    expect(await readBack([1, 2, 3])).toEqual([1, undefined, 3]);
    await fill([2]);
    expect(await readBack([1, 2, 3])).toEqual([1, 2, 3]);
  });

  it('takes a file that was cut in the middle of a row, or is gone, as far as it goes', async () => {
    await fill([1, 2, 3]);
    const [rows] = await filesEnding('.rows');
    const bytes = await readFile(rows as string);
    await writeFile(rows as string, bytes.subarray(0, LENGTH * 4 * 2 + 7));
    expect(await readBack([1, 2, 3])).toEqual([1, 2, undefined]);
    await rm(rows as string);
    expect(await readBack([1, 2, 3])).toEqual([undefined, undefined, undefined]);
  });

  it('takes a damaged or foreign index as none', async () => {
    await fill([1]);
    const [index] = await filesEnding('.json');
    await writeFile(index as string, '{"version":1,"rowLe');
    expect(await readBack([1])).toEqual([undefined]);
    await writeFile(index as string, '{"version":99,"rowLength":5,"rows":[["row 1",0]]}');
    expect(await readBack([1])).toEqual([undefined]);
  });

  it('lets writers fill one folder at once', async () => {
    await Promise.all([fill([1, 2]), fill([3, 4]), fill([2, 5])]);
    expect(await readBack([1, 2, 3, 4, 5])).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('what others have written', () => {
  it('is taken notice of when it is asked for, and counted', async () => {
    const first = await store();
    await first.add('row 1', rowOf(1));
    await first.flush();
    expect(await first.refresh()).toBe(0);
    await fill([2, 3]);
    expect([first.has('row 1'), first.has('row 2')]).toEqual([true, false]);
    expect(await first.refresh()).toBe(2);
    expect([first.has('row 2'), first.has('row 4')]).toEqual([true, false]);
    await first.add('row 4', rowOf(4));
    expect(first.has('row 4')).toBe(true);
    await first.close();
  });
});

describe('rows that wait', () => {
  it('are on the disk when it is flushed, and not before', async () => {
    const writer = await store();
    const row = rowOf(1);
    await writer.add('row 1', row);
    row.fill(0);
    expect(await readBack([1])).toEqual([undefined]);
    await writer.flush();
    expect(await readBack([1])).toEqual([1]);
    await writer.flush();
    expect(await filesEnding('.rows')).toHaveLength(1);
    await writer.close();
    expect(events).toEqual([]);
  });

  it('are written of themselves when they are many', async () => {
    const large = 2 ** 20;
    const emit = (event: RunEvent) => events.push(event);
    const writer = await openFeatureStore({ folder, rowLength: large, emit });
    for (let at = 0; at < 8; at++) {
      expect(await filesEnding('.json')).toHaveLength(0);
      await writer.add(`${at}`, new Float32Array(large).fill(at));
    }
    expect(await filesEnding('.json')).toHaveLength(1);
    const into = new Float32Array(3 * large);
    expect(await writer.read(['1', '0', '7'], into)).toEqual([]);
    expect([into[0], into[large], into[3 * large - 1]]).toEqual([1, 0, 7]);
    await writer.close();
  });
});

describe('a folder that cannot be used', () => {
  it.each(['ENOENT', 'EIO'])('is told once (%s), and the rows stay in memory', async (code) => {
    const openFile: FeatureStoreOptions['openFile'] = async () => {
      throw Object.assign(new Error('it fails'), { code });
    };
    const writer = await store({ openFile });
    for (const value of [1, 2]) {
      await writer.add(`row ${value}`, rowOf(value));
      await writer.flush();
    }
    const into = new Float32Array(2 * LENGTH);
    expect(await writer.read(['row 2', 'row 1'], into)).toEqual([]);
    expect(into.slice(0, LENGTH)).toEqual(rowOf(2));
    await writer.close();
    expect(events).toMatchObject([{ code: 'cache-full' }]);
  });

  it('is an empty cache where a file is in its place', async () => {
    await rm(folder, { recursive: true });
    await writeFile(folder, '');
    const reader = await store();
    expect(await reader.read(['row 1'], new Float32Array(LENGTH))).toEqual([0]);
    expect(events).toMatchObject([{ type: 'warning', code: 'cache-full' }]);
    await reader.close();
  });

  it('hides no bug', async () => {
    const openFile: FeatureStoreOptions['openFile'] = async () => {
      throw new TypeError('a bug');
    };
    const writer = await store({ openFile });
    await writer.add('row 1', rowOf(1));
    await expect(writer.flush()).rejects.toThrow(TypeError);
    expect(events).toEqual([]);
  });
});

describe('a disk that is full', () => {
  /** Opens real files whose writes fail. */
  const openFile: FeatureStoreOptions['openFile'] = async (path, flags) => {
    const file = await open(path, flags);
    file.write = () => {
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    };
    return file;
  };

  it('is reported once; the rows stay in memory and the run goes on', async () => {
    const full = await store({ openFile });
    await full.add('row 1', rowOf(1));
    await full.flush();
    await full.add('row 2', rowOf(2));
    await full.flush();
    const into = new Float32Array(2 * LENGTH);
    expect(await full.read(['row 1', 'row 2'], into)).toEqual([]);
    expect(into.slice(LENGTH)).toEqual(rowOf(2));
    await full.close();
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ type: 'warning', code: 'cache-full' });
    expect(await readBack([1, 2])).toEqual([undefined, undefined]);
  });

  it('ends the run with an error that says so when memory has no room either', async () => {
    const full = await store({ openFile, memoryLimit: LENGTH * 4 });
    await full.add('row 1', rowOf(1));
    await full.flush();
    await expect(full.add('row 2', rowOf(2))).rejects.toMatchObject({
      kind: 'data',
      details: { where: folder, fix: expect.stringContaining('VGGTUNE_CACHE') },
    });
    await full.close();
  });
});
