import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pictureFolder } from '../pipeline/pictures.ts';
import { BIN, type Ended, vggtune } from './bin.ts';
import { openScreen } from './wizard/screen.ts';

// These run what is built: `npm test` builds first.

let home = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'vggtune-cli-'));
  await pictureFolder(12, join(home, 'pictures'));
  await mkdir(join(home, 'empty'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const run = (words: readonly string[], environment: NodeJS.ProcessEnv = {}) =>
  vggtune(words, {
    cwd: home,
    environment: { VGGTUNE_CACHE: join(home, 'cache'), ...environment },
  });

/** Scripts that a process ran, by what Node.js recorded of it. */
async function filesLoaded(coverage: string): Promise<string[]> {
  const [name = ''] = await readdir(coverage);
  const { result } = JSON.parse(await readFile(join(coverage, name), 'utf8')) as {
    result: { url: string }[];
  };
  return result.map(({ url }) => url).filter((url) => url.startsWith('file:'));
}

const SMALL = [
  ...['--backbone', 'vgg-nano', '--strategy', 'scratch', '--epochs', '2', '--batch-size', '8'],
  ...['--lr', '0.01', '--optimizer', 'adamw', '--augment.views', '1'],
];

it.skipIf(process.platform === 'win32')(
  'with too few files to open even the explanation, says so without a stack',
  () => {
    for (const files of [20, 21, 22, 23, 24, 26, 28, 32, 40]) {
      const script = `ulimit -n ${files}; exec "${process.execPath}" "${BIN}" train pictures --backbone vgg-nano`;
      const { status, stderr } = spawnSync('bash', ['-c', script], { cwd: home, encoding: 'utf8' });
      // Node.js now and then takes a package whose file it cannot open for one that is not there.
      expect(stderr, `${files} files`).toMatch(
        /^error: .*EMFILE|^error: [\s\S]*too many open files|^error: [\s\S]*fix +raise the limit of open files/m,
      );
      expect(stderr).not.toMatch(/^ +at /m);
      expect([3, 5], `${files} files`).toContain(status);
    }
  },
);

it('the telemetry of ONNX Runtime is off: no file of it is left in the temporary folder', async () => {
  const temporary = join(home, 'temporary');
  await mkdir(temporary);
  const { code } = await run(['doctor'], { TMPDIR: temporary, ORT_DISABLE_TELEMETRY: undefined });
  expect(code).toBe(0);
  expect(await readdir(temporary)).toEqual([]);
});

describe('without any work', () => {
  it('--help loads a few files of our own and no package, so it is there at once', async () => {
    const coverage = join(home, 'coverage');
    const { code, stdout } = await run(['--help'], { NODE_V8_COVERAGE: coverage });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^vggtune \d+\.\d+\.\d+: /);
    const loaded = await filesLoaded(coverage);
    expect(loaded.some((url) => url.endsWith('/cli/help.js'))).toBe(true);
    expect(loaded.filter((url) => url.includes('/node_modules/'))).toEqual([]);
    // start.test.ts names them.
    expect(loaded.length).toBeLessThan(20);
  });

  it.each(['predict', 'train'])('%s --help loads no package', async (name) => {
    const coverage = join(home, `coverage-${name}`);
    const { code } = await run([name, '--help'], { NODE_V8_COVERAGE: coverage });
    expect(code).toBe(0);
    const loaded = (await filesLoaded(coverage)).flatMap(
      (url) => /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? [],
    );
    expect([...new Set(loaded)]).toEqual([]);
  });

  it('no words without a terminal are help, and ask nothing', async () => {
    expect((await run([])).stdout).toContain('Usage: vggtune COMMAND');
  });

  it.each([
    [['--version'], 0],
    [['help', 'train'], 0],
    [['train', '--help'], 0],
    [['trian'], 2],
    [['--jsn'], 2],
    [['train'], 2],
    [['train', 'x', '--epochs', '0', '--lr', 'x'], 2],
    [['train', 'pictures', '--fail-if', 'acuracy < 1'], 2],
    [['train', 'pictures', '-c', 'missing.yaml'], 2],
    [['evaluate'], 2],
    [['weights', 'lst'], 2],
    [['train', 'nowhere'], 3],
    [['train', 'empty'], 3],
    [['describe', BIN], 3],
    [['weights', 'path', 'vgg16'], 5],
    [['weights', 'fetch', 'vgg16', '--offline'], 5],
    [['config', 'pictures', '--explain'], 0],
    [['doctor'], 0],
  ])('%j exits %d', async (words, code) => {
    const ended = await run(words);
    expect(ended.code, ended.stderr).toBe(code);
    if (code !== 0)
      expect(ended.stderr).toMatch(
        /^(warning: network vgg-nano, .*\n)?(reading the images of|error: )/,
      );
    // The doctor probes devices, whose drivers write to stderr what they like.
    const ours = words[0] === 'doctor' ? ended.stdout : ended.stdout + ended.stderr;
    expect(ours).not.toContain('    at ');
    expect(ours).not.toContain('\u001b');
  });

  it('a bug exits 1 with its stack', async () => {
    // A copy without its preset files is broken in a way that no user can mend.
    const broken = join(home, 'broken');
    await cp('dist', join(broken, 'dist'), { recursive: true });
    for (const name of ['package.json', 'bin'])
      await cp(name, join(broken, name), { recursive: true });
    spawnSync('ln', ['-s', join(process.cwd(), 'node_modules'), join(broken, 'node_modules')]);
    const ended = spawnSync(process.execPath, [join(broken, 'bin/vggtune.js'), 'config', 'x'], {
      encoding: 'utf8',
    });
    expect(ended.status).toBe(1);
    expect(ended.stderr).toMatch(/^bug: .*ENOENT[\s\S]*\n {4}at [\s\S]*Please report it/);
  });

  it('says what to do when it is not built', async () => {
    const unbuilt = join(home, 'unbuilt');
    for (const name of ['package.json', 'bin'])
      await cp(name, join(unbuilt, name), { recursive: true });
    const ended = spawnSync(process.execPath, [join(unbuilt, 'bin/vggtune.js')], {
      encoding: 'utf8',
    });
    expect(ended.status).toBe(5);
    expect(ended.stderr).toBe('error: vggtune needs to be built: run `npm ci`\n');
  });

  it('NO_COLOR and FORCE_COLOR are obeyed', async () => {
    expect((await run(['--help'], { FORCE_COLOR: '1' })).stdout).toContain('\u001b[1m');
    expect((await run(['--help'], { FORCE_COLOR: '1', NO_COLOR: '1' })).stdout).not.toContain(
      '\u001b',
    );
    expect((await run(['--help', '--no-color'], { FORCE_COLOR: '1' })).stdout).not.toContain(
      '\u001b',
    );
  });
});

const only = ({ stdout }: Ended) => JSON.parse(stdout) as Record<string, unknown>;

describe('config', () => {
  it('prints what --config takes', async () => {
    const first = await run(['config', 'pictures', '--preset', 'best', '--strategy', 'top']);
    await writeFile(join(home, 'made.yaml'), first.stdout);
    const second = await run(['config', '-c', 'made.yaml']);
    expect(second.stdout).toBe(first.stdout);
  });

  it('--schema is the JSON Schema', async () => {
    expect(only(await run(['config', '--schema', '--json']))).toHaveProperty(
      'properties.optimizer',
    );
  });
});

describe('a run', () => {
  it('trains, measures, predicts, exports, and says what to do next', async () => {
    const trained = await run(['train', 'pictures', ...SMALL, '--out', 'runs/one']);
    expect(trained.code, trained.stderr).toBe(0);
    expect(trained.stdout).toMatch(/found +36 images of 3 classes \(\d+ train, \d+ val, 0 test\)/);
    expect(trained.stdout).toContain('vggtune predict runs/one IMAGES');
    expect(trained.stderr).toMatch(/epoch 1\/2 {2}loss /);
    expect(trained.stderr).not.toContain('█');

    const again = await run(['train', 'pictures', ...SMALL, '--out', 'runs/one']);
    expect(again.code).toBe(2);
    expect(again.stderr).toContain('--overwrite');

    const measured = await run(['evaluate', 'runs/one', '--json']);
    expect(measured.code, measured.stderr).toBe(0);
    expect(only(measured)).toMatchObject({
      side: 'val',
      metrics: { accuracy: expect.any(Number) },
    });

    const csv = await run(['predict', 'runs/one', 'pictures/*/0.png', '--csv', '--quiet']);
    expect(csv.stderr).toBe('');
    expect(csv.stdout.trim().split('\n')).toHaveLength(4);
    expect(csv.stdout).toMatch(
      /^path,label,probability,error\npictures\/blue\/0\.png,\w+,[01]\.\d{6},\n/,
    );

    const missed = await run(['evaluate', 'runs/one', '--fail-if', 'accuracy <= 1', '--json']);
    expect(missed.code).toBe(4);
    expect(only(missed)).toMatchObject({ failedGates: [{ gate: 'accuracy <= 1' }] });

    const exported = await run(['export', 'runs/one', '--format', 'onnx', '--out', 'exported']);
    expect(exported.code, exported.stderr).toBe(0);
  });

  it('--json prints one document, whether it goes well or not', async () => {
    const good = await run(['train', 'pictures', ...SMALL, '--out', 'runs/json', '--json']);
    expect(good.code, good.stderr).toBe(0);
    expect(only(good)).toMatchObject({
      strategy: 'scratch',
      epochs: [{ epoch: 1 }, { epoch: 2 }],
      failedGates: [],
      config: { backbone: 'vgg-nano' },
    });
    const bad = await run(['train', 'nowhere', '--json']);
    expect(bad.code).toBe(3);
    expect(only(bad)).toMatchObject({ error: { kind: 'data', exitCode: 3 } });
  });

  it.each([
    ['Ctrl-C', 'SIGINT'],
    ['a polite kill', 'SIGTERM'],
  ] as const)(
    '%s keeps a checkpoint, exits 130 and says how to go on; then it goes on',
    async (_, signal) => {
      const out = `runs/stopped-${signal}`;
      let sent = false;
      const options = {
        cwd: home,
        environment: { VGGTUNE_CACHE: join(home, 'cache') },
        onStderr: (text: string, child: { kill(signal: NodeJS.Signals): boolean }) => {
          if (sent || !text.includes('epoch  1/')) return;
          sent = true;
          child.kill(signal);
        },
      };
      const words = [
        'train',
        'pictures',
        ...SMALL,
        '--epochs',
        '20',
        '--early-stop',
        'none',
        '--out',
        out,
      ];
      const stopped = await vggtune(words, options);
      expect(stopped.code, stopped.stderr).toBe(130);
      expect(stopped.stderr).toContain(`go on with: vggtune train --resume ${out}`);
      const resumed = await run(['train', '--resume', out]);
      expect(resumed.code, resumed.stderr).toBe(0);
      expect(resumed.stderr).toContain('epoch 20/20');
      expect(resumed.stderr).not.toContain('epoch  1/20');
    },
  );

  it('a terminal that is closed keeps a checkpoint, and the run can go on', async () => {
    const out = join(home, 'runs', 'hung-up');
    const words = ['train', 'pictures', ...SMALL, '--epochs', '20', '--early-stop', 'none'];
    const env = { VGGTUNE_CACHE: join(home, 'cache') };
    const screen = openScreen([...words, '--out', out], { cwd: home, env });
    await screen.see('epoch  1/', 120);
    screen.hangUp();
    expect(await screen.exit(120)).toBe(130);
    const resumed = await run(['train', '--resume', out]);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(resumed.stderr).not.toContain('epoch  1/20');
  });

  it('SIGHUP means nothing to a run without a terminal, as nohup starts it', async () => {
    let sent = false;
    const words = ['train', 'pictures', ...SMALL, '--out', 'runs/nohup'];
    const ended = await vggtune(words, {
      cwd: home,
      environment: { VGGTUNE_CACHE: join(home, 'cache') },
      onStderr: (text, child) => {
        if (sent || !text.includes('epoch 1/')) return;
        sent = true;
        child.kill('SIGHUP');
      },
    });
    expect([sent, ended.code], ended.stderr).toEqual([true, 0]);
  });

  it('a second Ctrl-C ends it at once', async () => {
    let signals = 0;
    const words = ['train', 'pictures', ...SMALL, '--epochs', '500', '--out', 'runs/killed'];
    const killed = await vggtune(words, {
      cwd: home,
      environment: { VGGTUNE_CACHE: join(home, 'cache') },
      onStderr: (text, child) => {
        if (signals > 0 || !text.includes('epoch   1/')) return;
        signals++;
        child.kill('SIGINT');
        child.kill('SIGTERM');
      },
    });
    expect(killed.code).toBe(130);
  });

  it('a reader that stops early is no error', () => {
    const command = `"${process.execPath}" "${BIN}" train --help | head -1; echo "\${PIPESTATUS[0]}"`;
    const ended = spawnSync('bash', ['-c', command], { encoding: 'utf8' });
    expect(ended.stdout).toBe('Usage: vggtune train FOLDER [flags]\n0\n');
    expect(ended.stderr).toBe('');
  });
});
