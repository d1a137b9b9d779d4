import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import domino from '@mixmark-io/domino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decimal, percent } from '../../src/base/number-formats.ts';
import { report } from '../../src/pipeline/report.ts';
import type { MetricsRecord } from '../../src/run/record.ts';
import { readMetrics, writeRecord } from '../../src/run/run-records.ts';
import { runPaths } from '../../src/run/store.ts';
import { temporaryFolder } from '../pipeline/pictures.ts';
import { testStorage } from '../storage.ts';
import { writeRun } from './run-folder.ts';

let home: string;
beforeAll(async () => {
  home = await temporaryFolder();
});
afterAll(() => rm(home, { recursive: true, force: true }));

interface Found {
  readonly textContent: string;
  querySelectorAll(selector: string): ArrayLike<Found>;
}

/** A run that has measured some images, and its metrics. */
async function measuredRun(name: string, of: { classes: number; images: number }) {
  const classes = Array.from({ length: of.classes }, (_, at) => `class ${at}`);
  const images = Array.from({ length: of.images }, (_, at) => ({
    ...{ path: `${at}.jpg`, hash: `${at}`, label: at % of.classes },
  }));
  const folder = join(home, name);
  await writeRun(folder, { classes, images, data: join(home, 'nowhere') });
  return { folder, record: await recordOf(folder) };
}

async function recordOf(folder: string): Promise<MetricsRecord> {
  const record = await readMetrics(runPaths(folder));
  if (record === undefined) throw new Error('the run has no metrics');
  return record;
}

async function pageOf(...runs: string[]): Promise<Found> {
  const { signal } = new AbortController();
  const out = join(home, 'page.html');
  await report({ runs, out, storage: testStorage(), emit: () => {}, signal });
  return domino.createDocument(await readFile(out, 'utf8')) as Found;
}

const plain = (text: string) => text.replaceAll('\u00a0', ' ').replaceAll('\u202f', ' ').trim();
const texts = (page: Found, selector: string) =>
  Array.from(page.querySelectorAll(selector), ({ textContent }) => plain(textContent));
const rowsOf = (page: Found, selector: string) =>
  Array.from(page.querySelectorAll(selector), (row) => texts(row, 'th, td'));

/** Its term and value of every card. */
const cardsOf = (page: Found) =>
  Object.fromEntries(
    Array.from(page.querySelectorAll('.cards div'), (card) => [
      texts(card, 'dt')[0],
      texts(card, 'b')[0],
    ]),
  );

/** What the cards of a record have to say. */
const expectedCards = ({ metrics }: MetricsRecord) => ({
  accuracy: percent(metrics.accuracy ?? Number.NaN),
  'macro F1': percent(metrics.macro_f1 ?? Number.NaN),
  'top-5': percent(metrics.top5 ?? Number.NaN),
  loss: decimal(metrics.loss ?? Number.NaN),
});

/** What the table of classes has to say: the worst F1 first. */
const expectedClasses = ({ perClass }: MetricsRecord) =>
  [...perClass]
    .sort((a, b) => a.f1 - b.f1)
    .map(({ name, precision, recall, f1, support }) => [
      ...[name, percent(precision), percent(recall), expect.stringContaining(' to ')],
      ...[percent(f1), String(support)],
    ]);

describe('the figures of a report', () => {
  it('are those of metrics.json: cards, classes, every cell, and the number of images', async () => {
    const { folder, record } = await measuredRun('measured', { classes: 12, images: 300 });
    const page = await pageOf(folder);
    expect(cardsOf(page)).toMatchObject(expectedCards(record));
    expect(rowsOf(page, '#r1-classes tbody tr')).toEqual(expectedClasses(record));
    const cells = texts(page, '.matrix tbody td').map(Number);
    expect(cells).toEqual(record.confusion.flat());
    expect(texts(page, '#r1-summary')[0]).toContain(`Measured on ${record.images} images`);
  });

  it('are read from metrics.json, and nowhere worked out again', async () => {
    const { folder, record } = await measuredRun('changed', { classes: 12, images: 120 });
    const changed: MetricsRecord = {
      ...record,
      images: 4321,
      metrics: { accuracy: 0.1231, macro_f1: 0.4562, top5: 0.7893, loss: 9.8764 },
      perClass: record.perClass.map((row, at) => ({
        ...row,
        ...{ precision: 0.2 + at / 71, recall: 0.3 + at / 73, f1: 0.1 + at / 79, support: 50 + at },
      })),
      confusion: record.confusion.map((row, is) => row.map((_, taken) => 100 + 12 * is + taken)),
    };
    await writeRecord(runPaths(folder), 'metrics', changed);
    const page = await pageOf(folder);
    expect(cardsOf(page)).toMatchObject(expectedCards(changed));
    expect(rowsOf(page, '#r1-classes tbody tr')).toEqual(expectedClasses(changed));
    expect(texts(page, '.matrix tbody td').map(Number)).toEqual(changed.confusion.flat());
    expect(texts(page, '#r1-summary')[0]).toContain('Measured on 4,321 images');
  });

  it('agree with the images behind them: each cell lists as many as it says', async () => {
    const { folder, record } = await measuredRun('cells', { classes: 12, images: 300 });
    const [json = ''] = texts(await pageOf(folder), '#cells');
    const cells: { is: string; taken: string; count: number }[] = JSON.parse(json).r1;
    const names = record.perClass.map(({ name }) => name);
    const counted = names.map((is) =>
      names.map(
        (taken) => cells.find((cell) => cell.is === is && cell.taken === taken)?.count ?? 0,
      ),
    );
    expect(counted).toEqual(record.confusion);
  });

  it('of many classes are the most frequent mix-ups of metrics.json', async () => {
    const { folder, record } = await measuredRun('many', { classes: 60, images: 1200 });
    const page = await pageOf(folder);
    const rows = rowsOf(page, '#r1-confusion tbody tr');
    const counts = record.confusion.flatMap((row, is) =>
      row.filter((count, taken) => is !== taken && count > 0),
    );
    expect(rows.map(([, , count]) => Number(count))).toEqual(
      counts.sort((a, b) => b - a).slice(0, 60),
    );
    for (const [is = '', taken = '', count] of rows) {
      const at = (name: string) => record.perClass.findIndex((each) => each.name === name);
      expect(Number(count)).toBe(record.confusion[at(is)]?.[at(taken)]);
    }
  });

  it('of several runs beside each other are those of each', async () => {
    const runs = [
      await measuredRun('first', { classes: 12, images: 120 }),
      await measuredRun('second', { classes: 12, images: 120 }),
    ];
    const page = await pageOf(...runs.map(({ folder }) => folder));
    const rows = new Map(
      rowsOf(page, '#comparison tbody tr').map(([term = '', ...cells]) => [term, cells]),
    );
    for (const [at, { record }] of runs.entries()) {
      for (const [term, value] of Object.entries(expectedCards(record))) {
        expect(rows.get(term)?.[at]?.startsWith(value), `${term} of run ${at + 1}`).toBe(true);
      }
    }
  });
});
