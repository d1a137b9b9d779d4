import { appendFileSync } from 'node:fs';
import { lstat, readdir, truncate } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { dottedRows } from '../base/dotted-rows.ts';
import { dataError } from '../base/errors.ts';
import { type TensorBoardValue, tensorBoardRecord } from '../formats/tensorboard-events.ts';
import type { Point } from './points.ts';
import type { TrackedRun, Tracker } from './tracker.ts';

/** The end of the names of our event files, by which they are told from those of others. */
const OWN_NAME = '.vggtune';
/** The most milliseconds that points wait, so that a curve can be watched. */
const LATEST = 1000;

/**
 * Writes the event file of TensorBoard into `tensorboard/` of the run folder. A resumed run begins a new file with all
 * that its log tells, and empties the one before, so that no point is there twice. It is not removed: a TensorBoard that
 * reads it at that moment would never come to the next one.
 */
export function createTensorBoard(): Tracker {
  let path: string | undefined;
  let waiting: Uint8Array[] = [];
  let flushed = 0;

  function flush(): void {
    if (path === undefined || waiting.length === 0) return;
    const [file, bytes] = [path, Buffer.concat(waiting)];
    waiting = [];
    // Readers stop at a record that is cut off, so that nothing may follow what could not be written whole.
    path = undefined;
    appendFileSync(file, bytes);
    path = file;
    flushed = performance.now();
  }

  return {
    name: 'TensorBoard',
    async open(run) {
      const folder = await plainFolder(run.paths.tensorboard);
      const before = await ownFiles(folder);
      const file = join(folder, nameAfter(before.at(-1)));
      await writeFileAtomic(file, Buffer.concat(firstRecords(run)));
      for (const name of before) await truncate(join(folder, name));
      path = file;
    },
    log(point) {
      if (path === undefined) return;
      waiting.push(record({ scalars: point.values }, point));
      if (performance.now() - flushed > LATEST) flush();
    },
    close: async () => flush(),
  };
}

const record = (value: TensorBoardValue, at: Pick<Point, 'step' | 'time'>) =>
  tensorBoardRecord(value, at);

function firstRecords({ config, points }: TrackedRun): Uint8Array[] {
  const begin = { step: 0, time: points[0]?.time ?? Date.now() };
  return [
    record({ version: true }, begin),
    record({ start: true }, begin),
    record({ tag: 'settings', text: settingsText(config) }, begin),
    ...points.map((point) => record({ scalars: point.values }, point)),
  ];
}

/** Markdown: a table would read HTML and markup in the names of folders, and a block of code reads neither. */
function settingsText(config: object): string {
  return dottedRows(config)
    .map(([key, value]) => `    ${key}: ${JSON.stringify(value)}`)
    .join('\n');
}

/** @throws VggtuneError (data) where a link or a file is in the folder's place */
async function plainFolder(folder: string): Promise<string> {
  const found = await lstat(folder).catch(() => undefined);
  if (found === undefined || found.isDirectory()) return folder;
  throw dataError(`${folder} is no folder`, {
    expected: 'a folder for the event files of TensorBoard, or nothing',
    found: found.isSymbolicLink() ? 'a link' : 'a file',
    where: folder,
  });
}

/** Our event files in their order. */
async function ownFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .filter((name) => name.includes('.tfevents.') && name.endsWith(OWN_NAME))
    .sort();
}

/** Readers take the files of a folder by their names' order, so that a later file has a later time in its name. */
function nameAfter(before: string | undefined): string {
  const last = Number(/tfevents\.(\d+)\./.exec(before ?? '')?.[1] ?? 0);
  const seconds = Math.max(Math.floor(Date.now() / 1000), last + 1);
  return `events.out.tfevents.${String(seconds).padStart(10, '0')}.${hostname()}${OWN_NAME}`;
}
