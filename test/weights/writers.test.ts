import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { VggtuneError } from '../../src/base/errors.ts';
import { openTensorFile } from '../../src/formats/open.ts';
import { buildFromRow } from '../../src/network/build.ts';
import type { BackboneRow, HeadName } from '../../src/network/catalog.ts';
import { parameterShapes } from '../../src/network/parameters.ts';
import { plainPreprocessing } from '../../src/network/preprocessing.ts';
import type { NetworkSpec } from '../../src/network/spec.ts';
import { readWeights } from '../../src/weights/read.ts';
import { type Recognised, recognise } from '../../src/weights/recognise.ts';

/** Files that were written before, or, in the interop run, just now. */
const FOLDER =
  process.env.WRITERS_FOLDER ?? fileURLToPath(new URL('../fixtures/writers/', import.meta.url));

/** A line of the indexes that test/interop/writers/*.py write: what a file is to be read as. */
interface Row {
  readonly file: string;
  readonly software: string;
  readonly form: string;
  readonly head?: HeadName | null;
  readonly norm?: boolean;
  /** The output layer is not one of ours. */
  readonly output?: boolean;
  /** Batch norms with another epsilon than ours. */
  readonly epsilon?: number;
  /** Batch norms are part of the convolutions. */
  readonly folded?: boolean;
  /** Convolutions without biases. */
  readonly zeros?: boolean;
  readonly refused?: string;
  readonly note?: string;
  readonly preprocessing?: {
    readonly channels: string;
    readonly unit: boolean;
    readonly mean: readonly number[];
    readonly std: readonly number[];
  };
}

const rows = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .flatMap((name) => JSON.parse(readFileSync(`${FOLDER}${name}`, 'utf8')) as Row[]);

/** The network of formula.py. */
function networkOf({ head, norm = false, folded = false }: Row): NetworkSpec {
  const row: BackboneRow = {
    name: 'small',
    convolutions: [1, 1, 2, 2, 2],
    widths: [2, 3, 4, 5, 6],
    batchNorm: norm && !folded,
    size: 64,
    headMap: 2,
    denseWidth: undefined,
  };
  return buildFromRow(row, {
    head: { kind: head ?? 'linear', dropout: 0, hidden: 8 },
    classes: 3,
    preprocessing: plainPreprocessing(64),
  });
}

/** The numbers of formula.py: element i of tensor n. */
function expected(row: Row): ReadonlyMap<string, Float32Array> {
  const tensors = new Map<string, Float32Array>();
  const all = [...parameterShapes(networkOf({ ...row, folded: false }))];
  for (const [n, [name, shape]] of all.entries()) {
    const shift = name.endsWith('running_var') ? 1 + ((row.epsilon ?? 1e-5) - 1e-5) : 0;
    const size = shape.reduce((product, side) => product * side, 1);
    const value = (i: number) => ((37 * i + 11 * n) % 101) / 64 - 0.75 + shift;
    tensors.set(
      name,
      Float32Array.from({ length: size }, (_, i) => value(i)),
    );
  }
  if (row.folded === true) fold(tensors, row.epsilon ?? 1e-5);
  return tensors;
}

/** A batch norm as part of its convolution, as exporters make it. */
function fold(tensors: Map<string, Float32Array>, epsilon: number): void {
  for (const [name, kernel] of [...tensors]) {
    const [, id] = /^conv(.*)\.weight$/.exec(name) ?? [];
    if (id === undefined) continue;
    const part = (suffix: string) => tensors.get(`bn${id}.${suffix}`) ?? new Float32Array(0);
    // The expected variance has what makes up for another epsilon already.
    const scale = part('weight').map((x, c) => x / Math.sqrt((part('running_var')[c] ?? 0) + 1e-5));
    const each = kernel.length / scale.length;
    tensors.set(
      name,
      kernel.map((x, i) => x * (scale[Math.floor(i / each)] ?? 0)),
    );
    const bias = tensors.get(`conv${id}.bias`) ?? new Float32Array(0);
    const shifted = bias.map(
      (x, c) => (x - (part('running_mean')[c] ?? 0)) * (scale[c] ?? 0) + (part('bias')[c] ?? 0),
    );
    tensors.set(`conv${id}.bias`, shifted);
    for (const suffix of ['weight', 'bias', 'running_mean', 'running_var'])
      tensors.delete(`bn${id}.${suffix}`);
  }
  expect(epsilon).toBeGreaterThan(0);
}

async function read(row: Row) {
  const file = await openTensorFile(`${FOLDER}${row.file}`);
  try {
    const found = recognise(file);
    const network = networkOf(row);
    const whole = typeof row.head === 'string' && row.output !== false;
    const options = { keepHead: whole, channels: 'keep' } as const;
    const { weights } = await readWeights(
      file,
      { ...found, backbone: undefined },
      { network, options },
    );
    return { found, weights };
  } finally {
    await file.close();
  }
}

const closeTo = (a: Float32Array | undefined, b: Float32Array) =>
  Math.max(...b.map((value, i) => Math.abs(value - (a?.[i] ?? Number.NaN))));

const good = rows.filter(({ refused }) => refused === undefined);
const bad = rows.filter(({ refused }) => refused !== undefined);

describe('files of the software that people have', () => {
  test('there are files of each', () => {
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.filter(({ file }) => !existsSync(`${FOLDER}${file}`))).toEqual([]);
  });

  test.each(good.map((row): [string, Row] => [`${row.file}: ${row.software}, ${row.form}`, row]))(
    '%s',
    async (_, row) => {
      const { found, weights } = await read(row);
      const wanted = [...expected(row)].filter(([name]) => isRead(name, row));
      expect([...weights.keys()].sort()).toEqual(wanted.map(([name]) => name).sort());
      for (const [name, numbers] of wanted) {
        const zero = row.zeros === true && /^conv.*bias$/.test(name);
        if (zero) expect(weights.get(name)?.data.every((x) => x === 0)).toBe(true);
        else if (row.zeros !== true)
          expect(closeTo(weights.get(name)?.data, numbers), name).toBeLessThan(2e-6);
      }
      expectFacts(found, row);
    },
  );

  test.each(bad.map((row): [string, Row] => [`${row.file}: ${row.form}`, row]))(
    '%s is refused by its name',
    async (_, row) => {
      const error = await read(row).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(VggtuneError);
      const { message, details } = error as VggtuneError;
      expect(`${message} ${details.found}`).toContain(row.refused);
      expect(details.fix).toBeDefined();
    },
  );
});

/** The output layer is left out where it is not asked for. */
function isRead(name: string, { head, output }: Row): boolean {
  if (name.startsWith('fc8')) return typeof head === 'string' && output !== false;
  return !name.startsWith('fc') || typeof head === 'string';
}

function expectFacts(found: Recognised, { note, preprocessing }: Row): void {
  if (note === undefined)
    expect(found.notes.filter((text) => !/part of the (graph|model)/.test(text))).toEqual([]);
  else expect(found.notes.join()).toContain(note);
  expect(found.assumed).toBe(preprocessing === undefined);
  if (preprocessing === undefined) return;
  const { channels, scale, mean, std } = found.preprocessing ?? plainPreprocessing(1);
  expect({ channels, scale }).toEqual({
    channels: preprocessing.channels,
    scale: preprocessing.unit ? 1 / 255 : 1,
  });
  for (const at of [0, 1, 2]) {
    expect(mean[at]).toBeCloseTo(preprocessing.mean[at] ?? Number.NaN, 3);
    expect(std[at]).toBeCloseTo(preprocessing.std[at] ?? Number.NaN, 3);
  }
}
