import { describe, expect, it } from 'vitest';
import { environmentSource } from '../../src/config/environment.ts';
import { CONFIG_FIELDS, fieldAt, knownKeys } from '../../src/config/fields.ts';
import { configJsonSchema } from '../../src/config/json-schema.ts';
import { resolveConfig } from '../../src/config/resolve.ts';
import { runConfigSchema } from '../../src/config/schema.ts';
import { parseText } from '../../src/config/texts.ts';

/** Every leaf of the schema, found by another way than the fields: the JSON Schema. */
function leaves(schema: Record<string, unknown>, prefix: string): string[] {
  const options = (schema.anyOf as Record<string, unknown>[] | undefined) ?? [schema];
  const properties = options.find((option) => option.properties !== undefined)?.properties;
  if (properties === undefined) return [prefix];
  const below = Object.entries(properties as Record<string, Record<string, unknown>>).flatMap(
    ([key, inner]) => leaves(inner, prefix === '' ? key : `${prefix}.${key}`),
  );
  return options.length > 1 ? [prefix, ...below] : below;
}

describe('fields', () => {
  it('hold every key of the schema', () => {
    const all = configJsonSchema().properties as Record<string, object>;
    const { extends: _, matrix: _m, failIf: _f, ...properties } = all;
    const expected = leaves({ properties }, '');
    expect(CONFIG_FIELDS.map((field) => field.path).sort()).toEqual(expected.sort());
  });

  it('have names that no other field has, and a description', () => {
    const names = CONFIG_FIELDS.flatMap((field) => [field.flag, ...field.aliases]);
    expect(new Set(names).size).toBe(names.length);
    const variables = CONFIG_FIELDS.map((field) => field.variable);
    expect(new Set(variables).size).toBe(variables.length);
    expect(variables).not.toContain('VGGTUNE_CACHE');
    for (const field of CONFIG_FIELDS) expect(field.description, field.path).not.toBe('');
  });

  it('derive flag, variable, kind, choices and default from the schema', () => {
    expect(fieldAt('optimizer.learningRate')).toMatchObject({
      flag: 'optimizer.learning-rate',
      aliases: ['lr', 'learning-rate'],
      variable: 'VGGTUNE_OPTIMIZER_LEARNING_RATE',
      kind: 'number',
    });
    expect(fieldAt('epochs')).toMatchObject({ kind: 'integer', nullable: false });
    expect(fieldAt('head.kind')).toMatchObject({
      kind: 'choice',
      choices: ['linear', 'levels', 'mlp', 'vgg'],
      fallback: 'linear',
    });
    expect(fieldAt('export')).toMatchObject({
      kind: 'choices',
      choices: expect.arrayContaining(['onnx', 'safetensors']),
    });
    expect(fieldAt('image.size')).toMatchObject({ kind: 'integer', nullable: true });
    expect(fieldAt('earlyStop')).toMatchObject({ kind: 'switch', nullable: true });
    expect(fieldAt('augment.crop.scale')).toMatchObject({ kind: 'numbers' });
  });

  it('list the keys of a group', () => {
    expect(knownKeys('schedule')).toEqual([
      'kind',
      'warmup',
      'every',
      'factor',
      'patience',
      'floor',
    ]);
    expect(knownKeys('')).toContain('augment');
  });
});

describe('texts', () => {
  const parse = (path: string, text: string) => {
    const field = fieldAt(path);
    if (field === undefined) throw new Error(path);
    return parseText(field, text);
  };

  it.each([
    ['epochs', '12', 12],
    ['optimizer.learningRate', '3e-4', 3e-4],
    ['seed', '-1', -1],
    ['cache', 'no', false],
    ['optimizer.nesterov', 'TRUE', true],
    ['export', 'onnx, safetensors', ['onnx', 'safetensors']],
    ['export', 'none', []],
    ['augment.crop.scale', '0.5,1', [0.5, 1]],
    ['augment.crop.scale', '[0.5, 1]', [0.5, 1]],
    ['augment.crop', 'none', null],
    ['earlyStop', 'none', null],
    ['image.size', 'auto', null],
    ['freeze', 'none', 'none'],
    ['freeze', 'auto', null],
    ['data', ' with spaces ', ' with spaces '],
  ])('%s %j is %j', (path, text, value) => {
    expect(parse(path, text)).toEqual({ value });
  });

  it.each([
    ['epochs', 'ten', 'a whole number'],
    ['epochs', '', 'a whole number'],
    ['image.size', 'big', 'a whole number, or auto'],
    ['optimizer.learningRate', 'Infinity', 'a number'],
    ['cache', 'maybe', 'true or false'],
    ['augment.crop.scale', '1,x', 'numbers with commas between them'],
    ['earlyStop', '5', 'none, or the keys of the group one by one'],
  ])('%s does not take %j', (path, text, expected) => {
    expect(parse(path, text)).toMatchObject({ expected });
  });
});

describe('environment', () => {
  it('gives values by the name of their key', () => {
    const source = environmentSource({
      VGGTUNE_OPTIMIZER_LEARNING_RATE: '0.5',
      VGGTUNE_DATA: 'photos',
      VGGTUNE_EPOCHS: '',
      HOME: '/home/x',
    });
    expect(source.values).toEqual({ optimizer: { learningRate: 0.5 }, data: 'photos' });
    expect(resolveConfig([source], 'all').optimizer.learningRate).toBe(0.5);
  });

  it('knows the short names, over which the long ones win', () => {
    expect(environmentSource({ VGGTUNE_LR: '0.5' }).values).toEqual({
      optimizer: { learningRate: 0.5 },
    });
    const both = { VGGTUNE_OPTIMIZER_LEARNING_RATE: '0.5', VGGTUNE_LR: '0.1' };
    expect(environmentSource(both).values).toEqual({ optimizer: { learningRate: 0.5 } });
    const { issues } = environmentSource({ VGGTUNE_LEARNING_RAT: '0.1' });
    expect(issues?.[0]?.fix).toBe('did you mean VGGTUNE_LEARNING_RATE?');
  });

  it('names the variable of a wrong value', () => {
    const source = environmentSource({ VGGTUNE_DATA: 'd', VGGTUNE_EPOCHS: '0' });
    expect(() => resolveConfig([source], 'all')).toThrow(/VGGTUNE_EPOCHS: .*expected more than 0/);
  });

  it('tells of a misspelt variable, and leaves strangers and the cache folder alone', () => {
    const source = environmentSource({
      VGGTUNE_EPOCH: '3',
      VGGTUNE_CACHE: '/tmp/x',
      VGGTUNE_DEPLOY_HOOK: 'x',
    });
    expect(source.issues).toEqual([
      {
        path: '',
        where: 'VGGTUNE_EPOCH',
        message: 'unknown variable',
        fix: 'did you mean VGGTUNE_EPOCHS?',
      },
    ]);
  });
});

it('the JSON Schema asks for no key and allows no unknown one', () => {
  const schema = configJsonSchema();
  expect(JSON.stringify(schema)).not.toContain('"required"');
  expect(schema.additionalProperties).toBe(false);
  expect(Object.keys(schema.properties as object)).toEqual([
    'extends',
    ...Object.keys(runConfigSchema.shape),
    'matrix',
    'failIf',
  ]);
});
