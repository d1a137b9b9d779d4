import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { CONFIG_FIELDS } from '../../src/config/fields.ts';
import { FIELDS_FILE, listedFields } from '../../src/config/listed-fields.ts';

it('the fields that help lists are those of the schema, where nothing was built too', async () => {
  // The build writes the list beside the built files alone.
  await expect(readFile(FIELDS_FILE)).rejects.toMatchObject({ code: 'ENOENT' });
  expect(await listedFields()).toEqual(CONFIG_FIELDS);
});
