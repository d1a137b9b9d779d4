import { Refusal } from './decode-errors.ts';

/** Fills `into` with the bytes from `start` on; fewer where the file ends. @returns how many */
export type ReadAt = (start: number, into: Uint8Array) => Promise<number>;

/** Tags of TIFF 6.0 that say what a sample means. */
const TAGS = {
  subfile: 254,
  bits: 258,
  compression: 259,
  photometric: 262,
  samplesPerPixel: 277,
  extraSamples: 338,
  sampleFormat: 339,
  dng: 50706,
} as const;

const LARGEST_DIRECTORY = 2 ** 16;

/** What the decoder does not say of a TIFF. */
export interface TiffSamples {
  /** Whether the band behind the colours is something else than transparency, such as near infrared. */
  readonly hasOtherBand: boolean;
}

/**
 * Looks at the first directory of a TIFF before the decoder does, for samples that would silently become black, white
 * or other colours.
 * @throws Refusal that names the samples; nothing for a file that is damaged, which is the decoder's to say
 */
export async function readTiffSamples(read: ReadAt): Promise<TiffSamples> {
  const values = await firstDirectory(read);
  const value = (tag: keyof typeof TAGS) => values.get(TAGS[tag]);
  const raw = value('dng') !== undefined || value('photometric') === 32803;
  if (raw) {
    throw new Refusal(
      'a raw photograph of a camera (DNG or the like): develop it, say with `darktable-cli IN OUT.jpg`',
    );
  }
  // Cameras put a thumbnail first.
  if (value('subfile') === 1) {
    throw new Refusal(
      'a TIFF that begins with a thumbnail, as raw photographs do: develop it, or save the large page alone',
    );
  }
  const reason = sampleReason(value('sampleFormat') ?? 1, value('bits') ?? 1);
  if (reason !== undefined) {
    throw new Refusal(
      `${reason}, whose black and white nobody states: scale them to 8 bits and save those`,
    );
  }
  const space = SPACES[value('photometric') ?? -1];
  // JPEG inside of a TIFF is turned into RGB by its own decoder.
  const jpeg = [6, 7].includes(value('compression') ?? 1);
  if (space !== undefined && !(space === 'YCbCr' && jpeg)) {
    throw new Refusal(`samples in ${space}, which are not read: save it as RGB`);
  }
  const colours = COLOURS[value('photometric') ?? -1] ?? Number.POSITIVE_INFINITY;
  const hasMore = (value('samplesPerPixel') ?? 1) > colours;
  // Where nothing is said of it, it is transparency, as programs have it that forget the tag.
  const extra = value('extraSamples');
  return { hasOtherBand: hasMore && extra !== undefined && !TRANSPARENCY.has(extra) };
}

/** Samples of colour by PhotometricInterpretation: grey, grey, RGB, CMYK. */
const COLOURS: Readonly<Record<number, number>> = { 0: 1, 1: 1, 2: 3, 5: 4 };
/** ExtraSamples that are transparency: associated, unassociated, and what Corel Draw writes. */
const TRANSPARENCY: ReadonlySet<number> = new Set([1, 2, 999]);

/** PhotometricInterpretation. */
const SPACES: Readonly<Record<number, string>> = {
  4: 'a transparency mask',
  6: 'YCbCr',
  8: 'CIE Lab',
  9: 'ICC Lab',
  10: 'ITU Lab',
  32844: 'LogL',
  32845: 'LogLuv',
};

function sampleReason(format: number, bits: number): string | undefined {
  if (format === 3) return `floating-point samples of ${bits} bits`;
  if (format === 2) return `signed samples of ${bits} bits`;
  if (format === 5 || format === 6) return 'complex samples';
  return [1, 2, 4, 8, 16].includes(bits) ? undefined : `samples of ${bits} bits`;
}

/** Tag to its first value, where that is a whole number. */
async function firstDirectory(read: ReadAt): Promise<ReadonlyMap<number, number>> {
  const start = await bytesAt(read, 0, 16);
  const little = start.toString('latin1', 0, 2) === 'II';
  const numbers = new Numbers(start, little);
  const big = numbers.u16(2) === 43;
  const offset = big ? numbers.u64(8) : numbers.u32(4);
  const [countBytes, entryBytes] = big ? [8, 20] : [2, 12];
  const head = new Numbers(await bytesAt(read, offset, countBytes), little);
  const count = big ? head.u64(0) : head.u16(0);
  const length = Math.min(count * entryBytes, LARGEST_DIRECTORY);
  const bytes = await bytesAt(read, offset + countBytes, length);
  const values = new Map<number, number>();
  const wanted = new Set<number>(Object.values(TAGS));
  for (let at = 0; at + entryBytes <= bytes.length; at += entryBytes) {
    const entry = new Numbers(bytes.subarray(at, at + entryBytes), little);
    const tag = entry.u16(0);
    if (wanted.has(tag)) values.set(tag, await firstValue({ read, entry, big, little }));
  }
  return values;
}

const SHORT = 3;

async function firstValue(of: {
  readonly read: ReadAt;
  readonly entry: Numbers;
  readonly big: boolean;
  readonly little: boolean;
}): Promise<number> {
  const { read, entry, big, little } = of;
  const type = entry.u16(2);
  const count = big ? entry.u64(4) : entry.u32(4);
  const place = big ? 12 : 8;
  if (type !== SHORT) return entry.u32(place);
  if (count <= (big ? 4 : 2)) return entry.u16(place);
  const outside = big ? entry.u64(place) : entry.u32(place);
  return new Numbers(await bytesAt(read, outside, 2), little).u16(0);
}

async function bytesAt(read: ReadAt, start: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  if (!Number.isSafeInteger(start)) return bytes.subarray(0, 0);
  return bytes.subarray(0, await read(start, bytes));
}

/** Numbers of a piece of the file; zero beyond its end. */
class Numbers {
  readonly #bytes: Buffer;
  readonly #little: boolean;
  constructor(bytes: Buffer, little: boolean) {
    this.#bytes = bytes;
    this.#little = little;
  }
  u16 = (at: number) => this.#number(at, 2);
  u32 = (at: number) => this.#number(at, 4);
  u64 = (at: number) => {
    const [low, high] = this.#little ? [at, at + 4] : [at + 4, at];
    return this.u32(high) * 2 ** 32 + this.u32(low);
  };
  #number(at: number, length: number): number {
    if (at + length > this.#bytes.length) return 0;
    return this.#little ? this.#bytes.readUIntLE(at, length) : this.#bytes.readUIntBE(at, length);
  }
}
