import { dirname } from 'node:path';
import { expandHome } from '../../base/home.ts';
import { didYouMean } from '../../base/suggest.ts';
import { listPlaces, type Preview, previewOf } from '../../pipeline/inspect/preview.ts';
import { plural } from '../number-formats.ts';
import { printable, wrap } from '../width.ts';
import type { Back, Found, Prompts } from './prompts.ts';

export type Data = Extract<Preview, { kind: 'data' }>;

/** A folder of images, and what its file names say about it. */
export interface Folder {
  readonly path: string;
  readonly data: Data;
}

/** Asks where the images are; paths are completed, and only what can be trained on is taken. */
export async function askFolder(
  prompts: Prompts,
  { begin, width }: { readonly begin: string; readonly width: number },
): Promise<Folder | Back> {
  const previews = new Map<string, Promise<Preview>>();
  const preview = (path: string) => {
    const known = previews.get(path) ?? previewOf(path);
    previews.set(path, known);
    return known;
  };
  const typed = await prompts.search({
    message: 'Folder of images:',
    begin,
    source: async (text) => (await candidates(text, preview)).map((found) => wrapped(found, width)),
    validate: async (text) => {
      const found = await preview(pathOf(text));
      return found.kind === 'data' || `${pathOf(text)} ${found.problem}`;
    },
  });
  if (typeof typed !== 'string') return typed;
  const path = pathOf(typed);
  return { path, data: (await preview(path)) as Data };
}

/** Normalises a typed path as a shell would: quotes of a dropped file, the home folder, trailing slashes. */
export function pathOf(text: string): string {
  const bare = text.trim().replace(/^(['"])(.*)\1$/, '$2');
  const home = expandHome(bare);
  return home.length > 1 ? home.replace(/[/\\]+$/, '') : home;
}

/** A hint broken between words, which the list would break anywhere. */
function wrapped(found: Found, width: number): Found {
  const lines = (text: string, taken: number) => wrap(text, width - taken).join('\n');
  // A problem stands behind a mark and a space.
  if ('problem' in found) return { problem: lines(found.problem, 2) };
  const { description } = found;
  return description === undefined ? found : { ...found, description: lines(description, 0) };
}

/** The typed path if it exists, then its possible completions. */
async function candidates(
  text: string,
  preview: (path: string) => Promise<Preview>,
): Promise<readonly Found[]> {
  const path = pathOf(text);
  const inside = text === '' || /[/\\]$/.test(text);
  const parent = inside ? path || '.' : dirname(path);
  const prefix = inside ? text : text.slice(0, text.length - lastPart(text).length);
  const places = await listPlaces(parent);
  const begun = inside ? places : places.filter((name) => startsWith(name, lastPart(text)));
  const own = text === '' ? undefined : await preview(path);
  const completions = begun.map((name) => ({ value: prefix + name }));
  if (own !== undefined && own.kind !== 'missing') {
    const description = describePreview(path, own);
    const rest = completions.filter(({ value }) => pathOf(value) !== path);
    return [{ value: text, description }, ...rest];
  }
  if (completions.length > 0 || text === '') return completions;
  const meant = didYouMean(
    lastPart(text),
    places.map((name) => name.replace(/\/$/, '')),
  );
  const hint = meant === undefined ? '' : `; ${meant}`;
  return [{ problem: `There is no folder ${printable(path)}${hint}` }];
}

const lastPart = (text: string) => text.split(/[/\\]/).at(-1) ?? '';
const startsWith = (name: string, begin: string) =>
  name.toLowerCase().startsWith(begin.toLowerCase());

const NAMED = 6;

/** `3 classes, 36 images: blue 12, green 12, red 12` */
export function describePreview(path: string, preview: Preview): string {
  if (preview.kind !== 'data') return `${printable(path)} ${preview.problem}`;
  const { classes, images } = preview;
  const named = classes.slice(0, NAMED).map((each) => `${printable(each.name)} ${each.images}`);
  const more = classes.length > NAMED ? `, and ${classes.length - NAMED} more` : '';
  const head = `${plural(classes.length, 'class')}, ${plural(images, 'image')}`;
  return `${head}: ${named.join(', ')}${more}`;
}
