import { randomBytes } from 'node:crypto';
import { copyFile, readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { dataError, messageOf, systemCode, unavailableError } from '../../base/errors.ts';
import { makeFolder } from '../../base/folders.ts';
import { canonicalJson, sha256 } from '../../base/hash.ts';
import { unlessMachineFails } from '../../base/machine-failure.ts';
import { renameFile } from '../../base/rename.ts';
import { writeFailure } from '../../base/write-failure.ts';

/** The fields of an entry of `emoji.json` that are used here. */
interface Emoji {
  readonly image: string;
  readonly short_name: string;
  readonly category: string;
  readonly subcategory: string;
  readonly has_img_twitter: boolean;
}

/**
 * The classes: subcategories of Unicode's emoji list, put together where they look alike. They
 * differ in shape as well as in colour. Variants by skin tone are left out: they are nearly the same
 * picture, and would make the images to validate on look known.
 */
const CLASSES: Readonly<Record<string, (emoji: Emoji) => boolean>> = {
  animals: ({ subcategory }) => subcategory === 'animal-mammal' || subcategory === 'animal-bird',
  buttons: ({ subcategory }) => ['alphanum', 'av-symbol', 'keycap', 'zodiac'].includes(subcategory),
  clocks: ({ short_name }) => /^clock\d+$/.test(short_name),
  clothes: ({ subcategory }) => subcategory === 'clothing',
  faces: ({ subcategory }) =>
    /^face-/.test(subcategory) && !['face-costume', 'face-negative'].includes(subcategory),
  flags: ({ subcategory }) => subcategory === 'country-flag',
  food: ({ category, subcategory }) => category === 'Food & Drink' && subcategory !== 'dishware',
  hands: ({ subcategory }) => /^hands$|^hand-/.test(subcategory),
  hearts: ({ subcategory, short_name }) =>
    subcategory === 'heart' && /heart|cupid/.test(short_name),
  people: ({ subcategory }) => ['person', 'person-role', 'person-gesture'].includes(subcategory),
  vehicles: ({ subcategory, short_name }) =>
    /^transport-(ground|water|air)$/.test(subcategory) && !NO_VEHICLES.has(short_name),
};

const NO_VEHICLES = new Set([
  ...['seat', 'station', 'busstop', 'traffic_light', 'vertical_traffic_light', 'construction'],
  ...['rotating_light', 'octagonal_sign', 'wheel', 'ring_buoy', 'oil_drum', 'motorway'],
  ...['railway_track', 'anchor', 'fuelpump'],
]);

/** The classes there are, sorted. */
export const EMOJI_CLASSES: readonly string[] = Object.keys(CLASSES).sort();

export interface EmojiFolderOptions {
  /** Folder of the package emoji-datasource-twitter; by default the pictures of the demo, which are some of it. */
  readonly source?: string;
  /** Made if it is not there; one that holds something else is left alone. */
  readonly target: string;
  /** Some of `EMOJI_CLASSES`; all by default. */
  readonly classes?: readonly string[];
  /** The most pictures of one class; all by default. */
  readonly imagesPerClass?: number;
  /** Which pictures are taken where there are more. */
  readonly seed?: number;
}

export interface EmojiFolder {
  readonly root: string;
  /** How many pictures each class has. */
  readonly classes: Readonly<Record<string, number>>;
}

/**
 * Copies real pictures of emoji, 64 x 64 PNG, to one sub-folder a class, all or none. A picture that occurs
 * twice is taken once. The same call again finds its work done.
 *
 * @throws VggtuneError (unavailable) without the package, (data) if the target holds something else
 */
export async function buildEmojiFolder(options: EmojiFolderOptions): Promise<EmojiFolder> {
  const { target, classes = EMOJI_CLASSES, imagesPerClass = Number.MAX_SAFE_INTEGER } = options;
  const source = options.source ?? OWN_PICTURES;
  const emoji = await readEmoji(source);
  const pictures = new Map<string, Picture[]>();
  for (const name of classes) {
    const found = await picturesOf(name, { emoji, source, seed: options.seed ?? 0 });
    pictures.set(name, found.slice(0, imagesPerClass));
  }
  const counts = Object.fromEntries([...pictures].map(([name, list]) => [name, list.length]));
  const content = [...pictures].map(([name, list]) => [name, list.map(({ hash }) => hash)]);
  const marker = `${canonicalJson({ made: 'demo', content: sha256(canonicalJson(content)) })}\n`;
  if (!(await isDone(target, marker))) {
    await fillFolder(target, { pictures, marker }).catch((error: unknown) => {
      throw writeFailure(target, error);
    });
  }
  return { root: target, classes: counts };
}

async function fillFolder(
  target: string,
  of: { readonly pictures: ReadonlyMap<string, readonly Picture[]>; readonly marker: string },
): Promise<void> {
  // A name of its own: `images.partial` may be somebody else's.
  const partial = `${target}.${randomBytes(6).toString('hex')}.tmp`;
  await makeFolder(partial, target);
  try {
    for (const [name, list] of of.pictures) await copyAll(join(partial, name), list);
    await writeFileAtomic(join(partial, MARKER), of.marker);
    // It is empty, or not there; a folder that was filled meanwhile is left alone.
    await rmdir(target).catch(ignoreMissing);
    await renameFile(partial, target);
  } catch (error) {
    await rm(partial, { recursive: true, force: true }).catch(() => {});
    throw error;
  }
}

function ignoreMissing(error: unknown): void {
  if (systemCode(error) !== 'ENOENT') throw error;
}

/** Records how the folder was built. It is hidden, so that no scan reads it. */
const MARKER = '.vggtune-demo.json';

/** The demo's pictures, which are part of vggtune, in the form of the package that they are from. */
const OWN_PICTURES = fileURLToPath(new URL('../../../assets/demo/', import.meta.url));

async function readEmoji(source: string): Promise<readonly Emoji[]> {
  try {
    const all = JSON.parse(await readFile(join(source, 'emoji.json'), 'utf8')) as Emoji[];
    return all.filter((emoji) => emoji.has_img_twitter);
  } catch (cause) {
    throw unavailableError('the pictures of the demo cannot be read', {
      expected: 'emoji.json and img/twitter/64, as in emoji-datasource-twitter',
      found: messageOf(cause),
      where: source,
      fix: 'install vggtune again',
      cause,
    });
  }
}

interface Picture {
  readonly from: string;
  readonly name: string;
  readonly hash: string;
}

/** The pictures of a class in an order that depends on their content and the seed. */
async function picturesOf(
  className: string,
  of: { readonly emoji: readonly Emoji[]; readonly source: string; readonly seed: number },
): Promise<Picture[]> {
  const belongs = CLASSES[className];
  if (belongs === undefined) throw new RangeError(`no class ${className} in the demo's pictures`);
  const byHash = new Map<string, Picture>();
  for (const emoji of of.emoji.filter(belongs)) {
    const from = join(of.source, 'img', 'twitter', '64', emoji.image);
    const bytes = await readFile(from).catch(() => undefined);
    if (bytes === undefined) continue;
    const hash = sha256(bytes);
    if (!byHash.has(hash)) byHash.set(hash, { from, name: `${emoji.short_name}.png`, hash });
  }
  const rank = ({ hash }: Picture) => sha256(`demo:${of.seed}:${hash}`);
  return [...byHash.values()].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

async function isDone(target: string, marker: string): Promise<boolean> {
  const entries = await readdir(target).catch(unlessMachineFails([]));
  if (entries.length === 0) return false;
  const found = await readFile(join(target, MARKER), 'utf8').catch(unlessMachineFails(undefined));
  if (found === marker) return true;
  throw dataError(`${target} is not empty`, {
    expected: 'an empty folder, or one that the demo made with the same settings',
    found: `${entries.length} entries`,
    where: target,
    fix: 'remove it, or choose another folder',
  });
}

async function copyAll(folder: string, pictures: readonly Picture[]): Promise<void> {
  await makeFolder(folder);
  for (const { from, name } of pictures) await copyFile(from, join(folder, name));
}
