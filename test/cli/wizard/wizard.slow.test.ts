import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { pictureFolder, temporaryFolder } from '../../pipeline/pictures.ts';
import { KEYS, openScreen } from './screen.ts';

let home: string;
let env: Record<string, string>;
const open: ReturnType<typeof openScreen>[] = [];

beforeAll(async () => {
  home = await temporaryFolder();
  // Nothing is fetched, and what is advised does not hang on what was learned: with random weights
  // it is scratch.
  env = {
    VGGTUNE_CACHE: join(home, 'cache'),
    VGGTUNE_BACKBONE: 'vgg-nano',
    VGGTUNE_WEIGHTS: 'random',
    VGGTUNE_ENGINE: 'onnx',
  };
  await pictureFolder(8, join(home, 'pictures'));
  await mkdir(join(home, 'hollow'));
});
afterEach(() => {
  for (const screen of open.splice(0)) screen.kill();
});
afterAll(() => rm(home, { recursive: true, force: true }));

function start(size: { columns?: number; rows?: number } = {}) {
  const screen = openScreen([], { cwd: home, env, ...size });
  open.push(screen);
  return screen;
}

type Screen = ReturnType<typeof start>;

async function chooseFolder(screen: Screen): Promise<void> {
  await screen.see('Folder of images:');
  screen.type('pict');
  await screen.see('❯ pictures');
  screen.type(KEYS.tab);
  await screen.see('24 images');
  screen.type(KEYS.enter);
  await screen.see('? How much time');
}

/** From the folder to the strategy, by what is offered, or in less time. */
async function toTheStrategy(screen: Screen, { isQuick = false } = {}): Promise<void> {
  await chooseFolder(screen);
  if (isQuick) {
    screen.type(KEYS.up);
    await screen.see('❯ quick');
  }
  screen.type(KEYS.enter);
  await screen.see('? Network:');
  screen.type(KEYS.enter);
  await screen.see('? Strategy:');
}

/** Takes what is offered, up to the plan. */
async function toThePlan(screen: Screen): Promise<void> {
  await toTheStrategy(screen, { isQuick: true });
  screen.type(KEYS.enter);
  await screen.see('? Write the model as:');
  screen.type(KEYS.enter);
  await screen.see('? What now?');
}

const linesFrom = (lines: readonly string[], begin: string) =>
  lines.slice(lines.findLastIndex((line) => line.startsWith(begin)));

describe('the wizard', () => {
  it('leads to a trained model, by a command that gives the same config', async () => {
    const screen = start({ columns: 100 });
    await toThePlan(screen);
    expect(linesFrom(screen.lines(), 'images  ')).toEqual([
      'images       24 of 3 classes',
      'strategy     scratch',
      'network      vgg-nano, head linear',
      'training     at most 5 epochs, adamw, one-cycle',
      'images seen  cropped, flipped and coloured at random',
      'held back    20 % to measure on',
      expect.stringMatching(/^takes {8}\S+ (s|min.*) at most, \S+ MB of memory$/),
      'run folder   runs/pictures-scratch',
      '',
      '? What now?',
      '❯ Train',
      '  Save as a config file, and train',
      '  Save as a config file, no more',
      '  Do nothing',
      '  ← back',
      '',
      '↑↓ moves • ⏎ takes • esc goes back',
    ]);
    screen.type(KEYS.enter);
    expect(await screen.exit(120)).toBe(0);
    const lines = screen.lines();
    const at = lines.indexOf('The same without the wizard:');
    const command = lines[at + 1]?.trim() ?? '';
    expect(command).toBe('vggtune train pictures --strategy scratch --preset quick');
    const folder = join(home, 'runs', 'pictures-scratch');
    expect(await readdir(folder)).toContain('metrics.json');
    const trained: unknown = parse(await readFile(join(folder, 'config.yaml'), 'utf8'));
    expect(await configOf(command)).toEqual(trained);
  });

  it('goes back by Escape and by choice, and keeps what was answered', async () => {
    const screen = start();
    await chooseFolder(screen);
    screen.type(KEYS.up);
    await screen.see('❯ quick');
    screen.type(KEYS.enter);
    await screen.see('? Network:');
    screen.type(KEYS.escape);
    await screen.see('❯ quick');
    await screen.gone('? Network:');
    screen.type(KEYS.enter);
    await screen.see('? Network:');
    screen.type(KEYS.down.repeat(9));
    await screen.see('❯ ← back');
    screen.type(KEYS.enter);
    await screen.see('? How much time');
    screen.type(KEYS.escape);
    await screen.see('? Folder of images: pictures');
    // What matches is listed a moment later.
    expect(linesFrom(await screen.see('❯ pictures'), '? Folder')[1]).toMatch(/^❯ pictures/);
  });

  it('takes away what was answered since, where one goes back', async () => {
    const screen = start({ columns: 40 });
    await toTheStrategy(screen);
    expect(screen.lines().join(' ')).toContain('measured on vgg-nano:');
    screen.type(KEYS.enter);
    await screen.see('? Write the model as:');
    const answers = () => screen.lines().filter((line) => line.startsWith('✔'));
    const said = (count: number) =>
      [
        'Folder of images: pictures/',
        'How much time may it take? balanced',
        'Network: vgg-nano',
        'Strategy: scratch',
      ]
        .slice(0, count)
        .map((line) => `✔ ${line}`);
    expect(answers()).toEqual(said(4));
    for (const [question, count] of [
      ['? Strategy:', 3],
      ['? Network:', 2],
      ['? How much time', 1],
      ['? Folder of images', 0],
    ] as const) {
      screen.type(KEYS.escape);
      await screen.see(question);
      expect(answers()).toEqual(said(count));
      const asked = screen.lines().filter((line) => line.startsWith('?'));
      expect(asked).toHaveLength(1);
    }
    const [first, ...others] = screen.lines();
    expect(first).toBe('Fine-tune a VGG network on your images.');
    expect(others.join(' ')).toMatch(/^Escape goes back, .* before the end\. \? Folder of images/);
  });

  it('ends with 130 on Ctrl-C, at any question, and leaves nothing', async () => {
    const before = await readdir(home, { recursive: true });
    const first = start();
    await first.see('Folder of images:');
    first.type(KEYS.interrupt);
    expect(await first.exit()).toBe(130);
    const second = start();
    await toThePlan(second);
    second.type(KEYS.interrupt);
    expect(await second.exit()).toBe(130);
    expect(linesFrom(second.lines(), 'stopped')[0]).toBe('stopped: the wizard was left');
    const outside = (names: string[]) => names.filter((name) => !name.startsWith('cache')).sort();
    expect(outside(await readdir(home, { recursive: true }))).toEqual(outside(before));
  });

  it('says what is wrong with a path that is not there, and with an empty folder', async () => {
    const screen = start();
    await screen.see('Folder of images:');
    screen.type('pictuers');
    await screen.see('> There is no folder pictuers; did you mean "pictures"?');
    screen.type(KEYS.enter);
    screen.type(KEYS.backspace.repeat(8));
    screen.type('hollow');
    await screen.see('hollow is empty; vggtune wants one sub-folder for each class');
    screen.type(KEYS.enter);
    await screen.see('> hollow is empty');
    expect(screen.lines().join('\n')).not.toContain('✔');
  });

  it('fits a terminal 40 columns wide', async () => {
    const screen = start({ columns: 40, rows: 60 });
    await screen.see('Folder of images:');
    screen.type('pictures');
    const hint = await screen.see('8');
    expect(hint.slice(hint.indexOf('❯ pictures') + 2, -1)).toEqual([
      '3 classes, 24 images: blue 8, green 8,',
      'red 8',
    ]);
    screen.type(KEYS.enter);
    await screen.see('? How much time');
    screen.type(KEYS.enter);
    await screen.see('? Network:');
    screen.type(KEYS.enter);
    await screen.see('? Strategy:');
    expect(linesFrom(screen.lines(), '? Strategy:')).toEqual([
      '? Strategy:',
      '❯ scratch (recommended)',
      '    Learns everything anew: for very',
      '    many images that are unlike',
      '    drawings and icons.',
      '  head',
      '    Trains only a new last layer on',
      '    what the network already knows:',
      '    quick, and best for few images',
      '    that are like drawings and icons.',
      '  all',
      '    Adjusts the whole network a',
      '    little: for many images that are',
      '    like drawings and icons.',
      '  top',
      '    Also retrains the last layers: for',
      '    few images that are unlike',
      '    drawings and icons.',
      '  ← back',
      '',
      '↑↓ moves • ⏎ takes • esc goes back',
    ]);
  });

  it('is plain ASCII without colours where the terminal is', async () => {
    const plain = { ...env, LC_ALL: 'C', NO_COLOR: '1' };
    const screen = openScreen([], { cwd: home, env: plain });
    open.push(screen);
    await screen.see('Folder of images:');
    screen.type('pictures');
    await screen.see('24 images');
    screen.type(KEYS.enter);
    await screen.see('? How much time');
    expect(screen.lines()).toContain('* Folder of images: pictures');
    expect(screen.lines().at(-1)).toBe('up/down moves, enter takes, esc goes back');
    screen.type(KEYS.down.repeat(2));
    await screen.see('> < back');
    expect(screen.lines().join('\n')).toMatch(/^[\n -~]*$/);
    // Cursor movements remain.
    expect(
      screen
        .written()
        .split('\u001b[')
        .some((part) => /^[0-9;]*m/.test(part)),
    ).toBe(false);
  });

  it('offers the network that comes with the package where no weights can be fetched', async () => {
    const { VGGTUNE_BACKBONE: _, VGGTUNE_WEIGHTS: __, ...others } = env;
    const screen = openScreen([], {
      cwd: home,
      env: { ...others, VGGTUNE_MIRROR: 'http://127.0.0.1:9' },
    });
    open.push(screen);
    await chooseFolder(screen);
    screen.type(KEYS.enter);
    await screen.see('❯ vgg-nano (its weights are here)');
    screen.type(KEYS.enter);
    await screen.see('? Strategy:');
    screen.type(KEYS.enter);
    await screen.see('? Write the model as:');
    screen.type(KEYS.enter);
    await screen.see('network      vgg-nano, head levels');
  });

  it('takes the flags that every command has', async () => {
    const screen = openScreen(['--cache', 'elsewhere', '--no-color'], { cwd: home, env });
    open.push(screen);
    await toThePlan(screen);
    expect(await readdir(join(home, 'elsewhere'))).not.toEqual([]);
    screen.type(KEYS.down.repeat(2));
    await screen.see('❯ Save as a config file, no more');
    screen.type(KEYS.enter);
    await screen.see('? Config file:');
    screen.type(`${KEYS.backspace.repeat(20)}elsewhere.yaml`);
    await screen.see('? Config file: elsewhere.yaml');
    screen.type(KEYS.enter);
    expect(await screen.exit()).toBe(0);
    expect(screen.lines().at(-1)?.trim()).toBe('vggtune train -c elsewhere.yaml --cache elsewhere');
    const wrong = openScreen(['--cahce', 'elsewhere'], { cwd: home, env });
    open.push(wrong);
    expect(await wrong.exit()).toBe(2);
  });

  it('saves a config file that gives what was chosen, and trains nothing when told so', async () => {
    const screen = start();
    await toThePlan(screen);
    screen.type(KEYS.down.repeat(2));
    await screen.see('❯ Save as a config file, no more');
    screen.type(KEYS.enter);
    await screen.see('? Config file:');
    screen.type(KEYS.enter);
    expect(await screen.exit()).toBe(0);
    const config = await configOf('vggtune train -c vggtune.yaml');
    expect(config).toMatchObject({ strategy: 'scratch', backbone: 'vgg-nano', epochs: 5 });
  });
});

describe('without a terminal', () => {
  it('nothing is asked, and the help is shown', async () => {
    const program = fileURLToPath(new URL('../../../bin/vggtune.js', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [program], { cwd: home });
    expect(stdout).toContain('Usage: vggtune COMMAND');
  });
});

/** What `vggtune train ...` would train with, told by `vggtune config ...` through a shell. */
async function configOf(command: string): Promise<unknown> {
  const program = fileURLToPath(new URL('../../../bin/vggtune.js', import.meta.url));
  const words = command.replace(/^vggtune train/, `"${process.execPath}" "${program}" config`);
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', `${words} --json`], {
    cwd: home,
    env: { ...process.env, ...env },
  });
  const config = JSON.parse(stdout) as { data: string };
  return { ...config, data: join(home, config.data) };
}
