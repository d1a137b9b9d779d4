import { crc32 } from 'node:zlib';
import { fixture } from './pickle.js';
import { words } from './tensors.js';

/** The headers of images: the first bytes, then what the decoder says before any pixel is decoded. */
export async function create({ load }) {
  const { readHeader } = await load('dataset/image-header');
  const { default: sharp } = await import('sharp');
  const small = sharp({ create: { width: 5, height: 3, channels: 3, background: '#804020' } });
  const kinds = ['png', 'jpeg', 'webp', 'gif', 'tiff', 'avif'];
  const seeds = await Promise.all(kinds.map((kind) => small.clone().toFormat(kind).toBuffer()));
  const turned = await small.clone().withMetadata({ orientation: 6 }).jpeg().toBuffer();
  const bands = await fixture('images/five-bands.tif');
  return {
    seeds: [...seeds, turned, bands].filter(({ length }) => length < 4000),
    tokens: words(
      ...['\xff\xd8\xff', '\xff\xc0', '\xff\xc2', '\xff\xe1', '\xff\xda', '\xff\xd9', 'Exif\0\0'],
      ...['\x89PNG\r\n\x1a\n', 'IHDR', 'IDAT', 'IEND', 'PLTE', 'iCCP', 'zTXt', 'eXIf', 'acTL'],
      ...['RIFF', 'WEBP', 'VP8 ', 'VP8L', 'VP8X', 'ANIM', 'GIF87a', 'GIF89a', '!\xf9\x04', ','],
      ...[
        'II*\0',
        'MM\0*',
        'II+\0',
        'ftypavif',
        'ftypheic',
        'ftyp',
        'meta',
        'iloc',
        'ispe',
        'mdat',
      ],
      ...['<svg', '%PDF', '\xff\xff\xff\xff', '\x7f\xff\xff\xff'],
    ),
    read: (bytes) => readHeader(bytes),
    make: (bytes, { mutate }) => withChecksums(mutate(bytes)),
  };
}

/** A PNG whose chunks have the right checksums; other kinds have none. */
function withChecksums(bytes) {
  if (bytes.length < 8 || bytes[0] !== 0x89) return bytes;
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    if (at + 12 + length > bytes.length) break;
    bytes.writeUInt32BE(crc32(bytes.subarray(at + 4, at + 8 + length)), at + 8 + length);
    at += 12 + length;
  }
  return bytes;
}
