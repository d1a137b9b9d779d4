import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { interruptedError, systemCode, systemWords } from '../base/errors.ts';
import type { Emit } from '../base/events.ts';
import { archiveKind, unpackArchive } from './archive/unpack.ts';
import type { Candidates } from './candidates.ts';
import { collectFolders } from './collect-folders.ts';
import { collectCsv } from './csv-list.ts';
import { DEFAULT_MAX_PIXELS } from './decode.ts';
import { compareNames, imagePath, printablePath } from './file-names.ts';
import { inspectImage } from './inspect.ts';
import { type Findings, type FindingsPlace, readFindings, writeFindings } from './scan-cache.ts';
import { badImages, noImages, oneClass, unknownClasses, unreachable } from './scan-errors.ts';
import { DECODER } from './sharp.ts';
import type { DatasetIndex, ImageEntry, SkippedFile } from './types.ts';

export interface ScanOptions {
  /** The folder in which findings are remembered; without it every file is looked at. */
  readonly cache?: string;
  readonly emit?: Emit;
  readonly signal?: AbortSignal;
  readonly maxPixels?: number;
  /** What an unusable file causes: it is skipped and listed, or it ends the scan. */
  readonly onBad?: 'skip' | 'fail';
  /** Decode every image fully (the default), or read the headers alone. */
  readonly verify?: boolean;
  /** The classes of a trained model: labels refer to these, and one class is enough. */
  readonly classes?: readonly string[];
}

/**
 * Reads what a data set holds: which classes, which images with which content, which files cannot
 * be used and why. A second scan of unchanged files comes from the cache.
 *
 * @param path a folder with one sub-folder a class, or with train/, val/ and test/ above them, an archive of one, or a CSV
 * @throws VggtuneError (data) if there is no such path, no image, one class only, a class that
 * `classes` does not have, or with `onBad: 'fail'` any bad image; (interrupted) on the signal
 */
export async function scanDataset(path: string, options: ScanOptions = {}): Promise<DatasetIndex> {
  const given = resolve(path);
  const candidates = await collect(given, options);
  for (const message of candidates.notes ?? []) options.emit?.({ type: 'note', message });
  const looked = await inspectAll(candidates, options);
  const skipped = [...candidates.skipped, ...looked.skipped].sort((a, b) =>
    compareNames(a.path, b.path),
  );
  for (const { path: file, reason } of skipped) {
    options.emit?.({ type: 'image-skipped', path: printablePath(file), reason });
  }
  if (options.onBad === 'fail' && skipped.length > 0) throw badImages(given, skipped);
  if (looked.good.length === 0) throw noImages(given, candidates, skipped);
  const classes = classesOf(given, { candidates, good: looked.good, options });
  const images = looked.good.map(({ className, ...image }) => ({
    ...image,
    label: classes.findIndex((name) => name.normalize('NFC') === className),
  }));
  return { root: candidates.root, layout: candidates.layout, classes, images, skipped };
}

async function collect(path: string, { cache, emit = () => {} }: ScanOptions): Promise<Candidates> {
  const found = await stat(path).catch(async (error: unknown) => {
    throw await unreachable(path, error);
  });
  const kind = found.isFile() ? await archiveKind(path) : undefined;
  if (kind !== undefined)
    return collectFolders(await unpackArchive(path, kind, { cache, emit }), emit);
  const collected = found.isDirectory() ? collectFolders(path, emit) : collectCsv(path);
  return collected.catch(async (error: unknown) => {
    throw systemCode(error) === undefined ? error : await unreachable(path, error);
  });
}

type GoodImage = Omit<ImageEntry, 'label'> & { readonly className: string };

/**
 * The number of files in flight: more than libuv's four threads, so that these never wait for the main
 * thread.
 */
const IN_FLIGHT = 16;

async function inspectAll(candidates: Candidates, options: ScanOptions) {
  const place = { cache: options.cache, root: candidates.root, decoder: DECODER };
  const known = await readFindings(place);
  const findings: Findings = new Map();
  const results = new Array<GoodImage | SkippedFile>(candidates.files.length);
  let next = 0;
  let done = 0;
  const worker = async () => {
    while (next < candidates.files.length && options.signal?.aborted !== true) {
      const at = next++;
      const file = candidates.files[at];
      if (file === undefined) continue;
      const { finding, problem } = await inspectImage(imagePath(candidates.root, file.path), {
        maxPixels: options.maxPixels ?? DEFAULT_MAX_PIXELS,
        verify: options.verify ?? true,
        known: known.get(file.path),
      });
      if (finding !== undefined) findings.set(file.path, finding);
      if (problem !== undefined) results[at] = { path: file.path, reason: problem };
      else if (finding !== undefined) results[at] = { ...file, hash: finding.hash };
      done++;
      reportProgress(options.emit, done, candidates.files.length);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  const all = options.signal?.aborted ? new Map([...known, ...findings]) : findings;
  await remember(place, { known, findings: all, emit: options.emit });
  if (options.signal?.aborted) {
    throw interruptedError('interrupted while the images were read', {
      found: `${done} of ${candidates.files.length} images read; they will not be read again`,
    });
  }
  const good = results.filter((result): result is GoodImage => 'hash' in result);
  const skipped = results.filter((result): result is SkippedFile => 'reason' in result);
  good.sort((a, b) => compareNames(a.path, b.path));
  const blank = good.filter(({ path }) => findings.get(path)?.blank === true);
  if (blank.length > 0) options.emit?.(nothingToSee(blank.map(({ path }) => path)));
  return { good, skipped };
}

/** Masks look so on purpose; 16-bit files of cameras with 12 bits do not. */
function nothingToSee(paths: readonly string[]) {
  const shown = paths.slice(0, 5).map(printablePath).join(', ');
  const more = paths.length > 5 ? `, and ${paths.length - 5} more` : '';
  const images = paths.length === 1 ? '1 image is' : `${paths.length} images are`;
  const message = `${images} nearly black, or one shade of grey all over, when decoded to 8 bits: ${shown}${more}. 16-bit files that use 12 bits look so: scale those to the whole range`;
  return { type: 'warning', code: 'images-blank', message } as const;
}

function reportProgress(emit: Emit | undefined, done: number, total: number): void {
  if (done % 50 === 0 || done === total) {
    emit?.({ type: 'progress', task: 'scan', done, total, unit: 'images' });
  }
}

/**
 * Writes the findings to the cache. A failure is no error, since a full disk must not end a scan that has
 * just succeeded.
 */
async function remember(
  place: FindingsPlace,
  of: { known: Findings; findings: Findings; emit: Emit | undefined },
): Promise<void> {
  const unchanged =
    of.findings.size === of.known.size &&
    [...of.findings].every(([path, finding]) => of.known.get(path) === finding);
  if (unchanged) return;
  await writeFindings(place, of.findings).catch((error: unknown) => {
    of.emit?.({
      type: 'warning',
      code: 'scan-not-remembered',
      message: `the result of the scan could not be kept for the next time: ${systemWords(error)}`,
    });
  });
}

function classesOf(
  path: string,
  of: { candidates: Candidates; good: readonly GoodImage[]; options: ScanOptions },
): readonly string[] {
  const { candidates, good, options } = of;
  const present = new Set(good.map((image) => image.className));
  if (options.classes !== undefined) {
    const { classes } = options;
    const unknown = [...present].filter(
      (name) => !classes.some((known) => known.normalize('NFC') === name),
    );
    if (unknown.length > 0) throw unknownClasses(path, unknown, classes);
    return classes;
  }
  const classes = candidates.classNames.filter((name) => present.has(name));
  const empty = candidates.classNames.filter((name) => !present.has(name));
  if (empty.length > 0) {
    options.emit?.({
      type: 'warning',
      code: 'empty-class',
      message: `no usable image in ${empty.map(printablePath).join(', ')}: not a class`,
    });
  }
  const [only] = classes;
  if (classes.length === 1 && only !== undefined) throw oneClass(path, only, good);
  return classes;
}
