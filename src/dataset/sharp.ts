import sharp, { type Metadata, type Sharp } from 'sharp';
import { sha256 } from '../base/hash.ts';

// Many small images run side by side in libuv's threads; more threads inside each one cost more
// than they bring, and a cache of operations never sees the same file twice in a row.
sharp.concurrency(1);
sharp.cache(false);

// Of libvips' loaders only those of the kinds that are read: each of the others is a parser that any
// file could reach.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Tiff', 'Heif'].map(
    (kind) => `VipsForeignLoad${kind}`,
  ),
});

/**
 * Identifies the decoder; it changes whenever decoded pixels could. Cached findings and features depend on
 * it.
 */
export const DECODER = sha256(JSON.stringify([7, sharp.versions])).slice(0, 16);

export { type Metadata, type Sharp, sharp };
