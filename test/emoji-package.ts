import { createRequire } from 'node:module';
import { dirname } from 'node:path';

/** The folder of the package whose pictures the demo has some of. */
export const EMOJI_PACKAGE = dirname(
  createRequire(import.meta.url).resolve('emoji-datasource-twitter/package.json'),
);
