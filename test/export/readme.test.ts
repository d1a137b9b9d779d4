import { expect, test } from 'vitest';
import { pixelsFunction, READ_LABELS, uprightFunction } from '../../src/export/python-image.ts';
import { readme } from '../../src/export/readme.ts';
import { exportModelOf } from './models.ts';

const count = (text: string, part: string) => text.split(part).length - 1;

test('a README that has no Python of its own says how an image is decoded', () => {
  const model = exportModelOf('linear');
  const text = readme(model, { title: 'x', inside: 'nothing', body: 'Nothing in Python.' });
  expect(count(text, pixelsFunction(model))).toBe(1);
  expect(text).toContain('from PIL import Image, ImageOps');
});

test('one that has it says it once', () => {
  const model = exportModelOf('linear');
  const text = readme(model, { title: 'x', inside: 'nothing', body: pixelsFunction(model) });
  expect(count(text, 'def pixels')).toBe(1);
});

test('images are turned upright, and lie on the background of the run', () => {
  expect(uprightFunction('#0a10ff')).toContain('(10, 16, 255, 255)');
  expect(READ_LABELS).toContain('utf-8');
});
