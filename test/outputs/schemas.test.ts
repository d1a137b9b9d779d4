import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/command-list.ts';
import { errorDocument } from '../../src/cli/render-error.ts';
import { ConfigError } from '../../src/config/issues.ts';
import { schemaFiles } from '../../src/outputs/index.ts';
import { OUTPUT_NAMES } from '../../src/outputs/names.ts';
import { publishedSchema } from './validate.ts';

const folder = new URL('../../presets/schemas/', import.meta.url);

it('there is a schema for every command', () => {
  expect(OUTPUT_NAMES).toEqual(expect.arrayContaining(COMMANDS.map(({ name }) => name)));
  expect(OUTPUT_NAMES).toHaveLength(COMMANDS.length);
});

it('the published files are those of this source, and no others', () => {
  const files = schemaFiles();
  expect(readdirSync(folder).sort()).toEqual(files.map(({ name }) => name).sort());
  for (const { name, text } of files) {
    expect(readFileSync(new URL(name, folder), 'utf8') === text, `npm run build: ${name}`).toBe(
      true,
    );
  }
});

it('the package holds them', () => {
  const { files } = JSON.parse(readFileSync('package.json', 'utf8')) as { files: string[] };
  expect(files).toContain('presets');
});

describe.each(OUTPUT_NAMES)('%s', (name) => {
  const problems = publishedSchema(name);

  it('takes an error of every kind', () => {
    const issue = { path: 'epochs', where: '--epochs', message: 'no', fix: 'give one' };
    expect(problems(errorDocument(new ConfigError([issue])))).toEqual([]);
    expect(problems(errorDocument(new Error('a bug')))).toEqual([]);
  });

  it('refuses what it does not describe', () => {
    const { error } = errorDocument(new Error('a bug'));
    expect(problems({ error: { ...error, more: 1 } })).not.toEqual([]);
    expect(problems({ error, more: 1 })).not.toEqual([]);
    expect(problems({})).not.toEqual([]);
    expect(problems(null)).not.toEqual([]);
  });
});

describe('the schema of config files', () => {
  const problems = publishedSchema('config-file');

  it('knows what only files have', () => {
    const file = {
      extends: ['balanced', '../common.yaml'],
      data: 'photos',
      augment: { crop: null },
      failIf: ['accuracy < 0.9', 'loss >= 2'],
      matrix: {
        'optimizer.learningRate': [1e-3, 1e-4],
        optimizer: { kind: ['sgd', 'adamw'] },
        head: [{ kind: 'mlp', hidden: 64 }, { kind: 'linear' }],
        'augment.crop.scale': [[0.5, 1]],
        augment: { 'crop.ratio': [[1, 1]] },
        earlyStop: [null, { patience: 3 }],
      },
    };
    expect(problems(file)).toEqual([]);
    expect(problems({ extends: 'quick', failIf: 'top5 < 95%' })).toEqual([]);
  });

  it.each([
    [{ epoch: 3 }],
    [{ extends: 3 }],
    [{ failIf: 'acuracy < 0.9' }],
    [{ failIf: 0.9 }],
    [{ matrix: { epochs: 3 } }],
    [{ matrix: { epochs: [] } }],
    [{ matrix: { epochs: ['many'] } }],
    [{ matrix: { 'optimizer.learningrate': [1] } }],
    [{ matrix: { out: ['a', 'b'] } }],
    [{ matrix: [1] }],
  ])('refuses %j', (file) => {
    expect(problems(file)).not.toEqual([]);
  });
});
