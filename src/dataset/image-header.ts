import { byDecoder, described, Refusal } from './decode-errors.ts';
import { notReadReason } from './foreign-kinds.ts';
import type { ImageSize } from './geometry.ts';
import { refuseOtherKinds } from './image-kind.ts';
import { type ImageSource, inputOf } from './image-source.ts';
import { type Metadata, sharp } from './sharp.ts';

/** The header of an image, which is read without decoding a pixel. */
export interface ImageHeader extends ImageSize {
  /** `jpeg`, `png`, `webp`, `gif`, `tiff` or `avif`. Width and height are those of the upright image. */
  readonly format: string;
  readonly cmyk: boolean;
  /** Whether the band behind the colours is no transparency. */
  readonly hasOtherBand: boolean;
}

const FORMATS = new Set(['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif']);

/** @throws VggtuneError (data) whose `found` says why the file is no image that can be read */
export async function readHeader(source: ImageSource): Promise<ImageHeader> {
  return described(source, async () => {
    const { hasOtherBand } = await refuseOtherKinds(source);
    const input = await inputOf(source);
    const metadata = await byDecoder(() =>
      sharp(input, { limitInputPixels: false, failOn: 'error' }).metadata(),
    );
    const format = formatOf(metadata);
    if (!FORMATS.has(format)) throw new Refusal(notReadReason(format));
    refuseManyBands(metadata);
    return { format, ...metadata.autoOrient, cmyk: metadata.space === 'cmyk', hasOtherBand };
  });
}

/** The largest number of bands of each colour space, including one for transparency. */
const MOST_BANDS: Readonly<Record<string, number>> = { 'b-w': 2, grey16: 2, cmyk: 5 };

/**
 * Refuses images whose bands are not colours, such as those of a satellite: it is unknown which of them are
 * red, green and blue.
 */
function refuseManyBands({ space, channels }: Metadata): void {
  const most = MOST_BANDS[space] ?? 4;
  if (channels <= most && space !== 'multiband') return;
  throw new Refusal(
    `${channels} bands that are no colours: choose three of them and save those as RGB`,
  );
}

function formatOf(metadata: Metadata): string {
  if (metadata.format !== 'heif') return metadata.format;
  return metadata.compression === 'av1' ? 'avif' : 'heic';
}
