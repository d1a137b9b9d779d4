import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { withListed } from '../../src/cli/actions/predict.ts';

test('paths on stdin stand where - is, also where a chunk ends within a letter', async () => {
  const bytes = Buffer.from('a b.jpg\r\n\nz\u00fc.png');
  const at = bytes.indexOf(0xbc);
  const stream = Readable.from([bytes.subarray(0, at), bytes.subarray(at)]);
  expect(await withListed(['x', '-', 'y'], stream)).toEqual(['x', 'a b.jpg', 'z\u00fc.png', 'y']);
});

test('no paths are an error that says how', async () => {
  await expect(withListed(['-'], Readable.from(['\n']))).rejects.toMatchObject({
    kind: 'usage',
    details: { where: 'stdin' },
  });
});
