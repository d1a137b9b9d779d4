import { describe, expect, it } from 'vitest';
import { parseArguments } from '../../src/cli/arguments.ts';
import type { Command } from '../../src/cli/command.ts';
import { COMMANDS } from '../../src/cli/command-list.ts';
import { configSources } from '../../src/cli/config-sources.ts';
import { commandHelp, generalHelp } from '../../src/cli/help.ts';
import { painter } from '../../src/cli/terminal.ts';
import { displayWidth } from '../../src/cli/width.ts';
import { CONFIG_FIELDS } from '../../src/config/fields.ts';
import { resolveConfig } from '../../src/config/resolve.ts';

const load = async (name: string): Promise<Command> => {
  const row = COMMANDS.find((each) => each.name === name);
  if (row === undefined) throw new Error(name);
  return row.load();
};

const train = await load('train');
const parse = (...words: string[]) => parseArguments(train, words);
const resolve = (...words: string[]) => resolveConfig(configSources(parse(...words), {}), 'all');

describe('flags', () => {
  it('become the config, short names and long ones', () => {
    const config = resolve(
      ...['photos', '--lr', '1e-4', '--head', 'mlp', '--optimizer.kind=sgd', '--seed', '-3'],
      ...[
        '--augment.crop',
        'none',
        '--early-stop',
        'none',
        '--no-feature-cache',
        '--export',
        'onnx',
      ],
      ...['--optimizer.nesterov', '--size', 'auto'],
    );
    expect(config).toMatchObject({
      data: 'photos',
      optimizer: { learningRate: 1e-4, kind: 'sgd', nesterov: true },
      head: { kind: 'mlp' },
      seed: -3,
      augment: { crop: null },
      earlyStop: null,
      cache: false,
      export: ['onnx'],
      image: { size: null },
    });
  });

  it('take the last of several', () => {
    expect(resolve('photos', '--lr', '1', '--lr', '0.5').optimizer.learningRate).toBe(0.5);
  });

  it('win over the environment, which wins over files', () => {
    const args = parse('photos', '-c', 'test/fixtures/config/small.yaml', '--seed', '5');
    const environment = { VGGTUNE_BATCH_SIZE: '7', VGGTUNE_SEED: '6' };
    const config = resolveConfig(configSources(args, environment), 'all');
    expect(config).toMatchObject({ batchSize: 7, seed: 5, head: { kind: 'mlp' } });
  });

  it('keep words behind -- as they are', () => {
    expect(parse('--', '--strange').positionals).toEqual(['--strange']);
  });
});

describe('mistakes', () => {
  const told = (...words: string[]) =>
    parse(...words).issues.map(({ where, message, fix }) => [where, message, fix]);

  it('are told all at once, with those of the config', () => {
    const words = ['photos', '--epchs', '3', '--lr', 'fast', '--strategy', 'heads', '--val', '2'];
    expect(() => resolve(...words)).toThrow(
      /4 problems[\s\S]*--epchs: unknown flag; did you mean --epochs\?[\s\S]*--lr: [\s\S]*--strategy: [\s\S]*--val: /,
    );
  });

  it.each([
    [['--no-cache'], '--no-cache', '--cache takes a value', 'did you mean --no-feature-cache?'],
    [['--lr'], '--lr', 'needs a value', '--lr VALUE'],
    [['--config'], '--config', 'needs a value', '--config VALUE'],
    [['-x'], '-x', 'unknown flag', '--help lists all flags'],
    [['--no-jsn'], '--no-jsn', 'unknown flag', 'did you mean --json?'],
    [['a', 'b'], '', 'too many words: b', `usage: vggtune ${train.usage}`],
    [['--preset', 'fastest'], '--preset', 'not a possible value', undefined],
  ])('%j', (words, where, message, fix) => {
    expect(told(...words)).toEqual([[where, message, fix]]);
  });

  it('--resume may stand without its value', () => {
    const args = parse('photos', '--resume');
    expect(args.issues).toEqual([]);
    expect(args.has('resume')).toBe(true);
    expect(args.text('resume')).toBeUndefined();
  });
});

describe('help', () => {
  const style = { width: 80, paint: painter(false) };

  it('lists every command, the exit codes and examples', () => {
    const text = generalHelp('1.2.3', style);
    for (const { name, summary } of COMMANDS) {
      expect(text).toContain(`  ${name}`);
      expect(text).toContain(summary);
    }
    expect(text).toContain('  130  interrupted; the message says how to go on');
    expect(text).toContain('  vggtune demo  ');
  });

  it('of train lists every key of the config once, grouped, with choices and defaults', () => {
    const text = commandHelp(train, CONFIG_FIELDS, { ...style, width: 200 });
    for (const { flag } of CONFIG_FIELDS) {
      expect(
        text.match(new RegExp(`--${flag.replaceAll('.', '\\.')}(?![-.\\w])`, 'g'))?.length,
        flag,
      ).toBeGreaterThan(0);
    }
    expect(text).toMatch(/Optimizer:\n {2}--optimizer, --optimizer\.kind NAME/);
    expect(text).toMatch(/--split\.val NUMBER .*\(default 0\.2\)/);
    expect(text).toMatch(/--image\.size N .*auto: the weights' own/);
    expect(text).not.toContain('null:');
  });

  it.each(COMMANDS.map(({ name }) => name))('of %s fits 40 and 80 columns', async (name) => {
    const command = await load(name);
    expect(command.usage.startsWith(name)).toBe(true);
    expect(command.examples.length).toBeGreaterThan(0);
    for (const width of [40, 80]) {
      const fields = command.takesConfig === true ? CONFIG_FIELDS : [];
      const lines = commandHelp(command, fields, { ...style, width }).split('\n');
      // Names of flags and examples of commands are never broken.
      const texts = lines.filter((line) => !/^ {2}\S|^Usage/.test(line));
      for (const line of texts) expect(displayWidth(line), line).toBeLessThanOrEqual(width);
    }
  });

  it.each(COMMANDS.map(({ name }) => name))('of %s fills its lines', async (name) => {
    const command = await load(name);
    for (const width of [40, 80, 120]) {
      const help = commandHelp(command, [], { ...style, width });
      const text = help.split(/\n\n(?=Flags|Everywhere)/)[0] ?? '';
      for (const paragraph of text.split('\n\n').slice(1)) {
        const lines = paragraph.split('\n');
        lines.slice(1).forEach((line, at) => {
          // An entry of a list begins a line of its own.
          if (line.startsWith(' ')) return;
          const longer = `${lines[at]} ${line.split(' ')[0]}`;
          expect(displayWidth(longer), longer).toBeGreaterThan(width);
        });
      }
    }
  });
});

it('a device that is named twice is one too many, where it is another one', () => {
  expect(parse('photos', '--device', 'cpu', '--device', 'cpu').issues).toEqual([]);
  expect(parse('photos', '--device', 'cpu', '--device', 'webgpu').issues).toEqual([
    expect.objectContaining({ where: '--device', found: 'cpu and webgpu' }),
  ]);
});
