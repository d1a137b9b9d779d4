import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pictureFolder } from '../pipeline/pictures.ts';
import { BIN } from './bin.ts';

// What is built, by users and in places that are not as usual.

let home = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'vggtune-surroundings-'));
  await pictureFolder(6, join(home, 'pictures'));
  await writeFile(join(home, 'file'), '');
  await mkdir(join(home, 'closed'));
  await chmod(home, 0o755);
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** A number that no user of this system has. */
const STRANGER = 4_242_424;
const asStranger = { uid: STRANGER, gid: STRANGER } as const;
const mayBeAnyone = () =>
  process.getuid?.() === 0 && spawnSync('test', ['-r', BIN], asStranger).status === 0;

function run(line: string, env: NodeJS.ProcessEnv, user: object = {}) {
  const { HOME: _, VGGTUNE_CACHE: __, XDG_CACHE_HOME: ___, ...others } = process.env;
  const options = { cwd: home, env: { ...others, ...env }, encoding: 'utf8', ...user } as const;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [BIN, ...line.split(' ')],
    options,
  );
  return { code: status, stdout, stderr };
}

describe.runIf(mayBeAnyone())('a user whom the system does not know, without HOME', () => {
  it.each(['--version', 'config pictures', 'completion bash', 'describe vgg16'])(
    '%s works',
    (line) => {
      const { code, stderr } = run(line, {}, asStranger);
      expect(code, stderr).toBe(0);
    },
  );

  it('what wants the cache says how to name one, and the doctor looks at the rest', () => {
    const { code, stderr } = run('cache list', {}, asStranger);
    expect(code).toBe(2);
    expect(stderr).toContain('this user has no home folder');
    expect(stderr).toContain('--cache FOLDER, or VGGTUNE_CACHE');
    expect(run('cache list', { VGGTUNE_CACHE: '/tmp/none' }, asStranger).code).toBe(0);
    const doctor = run('doctor', {}, asStranger);
    expect(doctor.stdout, doctor.stderr).toMatch(/failed +cache folder +none: this user has no/);
  });
});

describe('a home folder', () => {
  it('that is a file is told, with what to do', () => {
    for (const line of ['weights list', 'cache list']) {
      const { code, stderr } = run(line, { HOME: join(home, 'file') });
      expect(code, stderr).toBe(3);
      expect(stderr).toContain('ENOTDIR');
      expect(stderr).toContain('--cache FOLDER, or VGGTUNE_CACHE');
    }
  });

  it('that is not there is made where it is needed', () => {
    const { code, stderr } = run('cache list', { HOME: join(home, 'not', 'there') });
    expect(code, stderr).toBe(0);
  });

  it.runIf(mayBeAnyone())('that is read-only costs the cache, and no work', () => {
    const words = 'advise pictures --backbone vgg-nano --advise.budget 0';
    const { code, stdout, stderr } = run(words, { HOME: join(home, 'closed') }, asStranger);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('Strategy:');
    expect(stderr).toMatch(/warning: .*EACCES/);
  });
});

/** A namespace in which the process is the first one, as in a container. */
const ALONE = ['--fork', '--pid', '--mount-proc'];
const canBeFirst = () => spawnSync('unshare', [...ALONE, 'true']).status === 0;

it.runIf(canBeFirst())('as process 1 SIGTERM is heeded: a checkpoint is kept', async () => {
  const out = join(home, 'first');
  const words = 'train pictures --backbone vgg-nano --weights random --epochs 50 --early-stop none';
  const program = [
    process.execPath,
    BIN,
    ...words.split(' '),
    '--augment.views',
    '1',
    '--out',
    out,
  ];
  const env = { ...process.env, VGGTUNE_CACHE: join(home, 'cache') };
  const outside = spawn('unshare', [...ALONE, ...program], { cwd: home, env });
  const ended = once(outside, 'exit');
  while (!existsSync(join(out, 'checkpoints', 'last.safetensors'))) {
    expect(outside.exitCode).toBe(null);
    await new Promise((wake) => setTimeout(wake, 50));
  }
  const children = `/proc/${outside.pid}/task/${outside.pid}/children`;
  process.kill(Number((await readFile(children, 'utf8')).trim()), 'SIGTERM');
  expect(await ended).toEqual([130, null]);
});

describe('Node.js', () => {
  it.each(['18.20.8', '20.18.3', '12.22.12'])('%s is too old, and is told so', (version) => {
    const pretend = `data:text/javascript,Object.defineProperty(process.versions,'node',{value:'${version}'})`;
    const words = ['--import', pretend, BIN, '--version'];
    const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
    expect(status).toBe(5);
    expect(stderr).toMatch(/^error: vggtune needs Node\.js 20\.19 or later, not v[\d.]+\n$/);
  });

  it('of old understands what tells it so: no syntax from after 2019', async () => {
    const text = (await readFile(BIN, 'utf8')).replace(/\/\/.*$/gm, '');
    expect(text).not.toMatch(/\?\.|\?\?|\bawait\b|#\w|\|\|=/);
  });
});
