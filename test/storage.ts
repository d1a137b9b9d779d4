import type { Storage } from '../src/base/storage.ts';
import { storageFrom } from '../src/base/storage-from.ts';

/** The storage that the environment of the test names, as the command line would read it. */
export function testStorage(): Storage {
  return storageFrom(process.env);
}
