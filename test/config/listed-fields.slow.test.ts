import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { CONFIG_FIELDS } from '../../src/config/fields.ts';

it('the list that the build has written says the same', async () => {
  const built = new URL('../../dist/config/fields.json', import.meta.url);
  expect(JSON.parse(await readFile(built, 'utf8'))).toEqual(
    JSON.parse(JSON.stringify(CONFIG_FIELDS)),
  );
});
