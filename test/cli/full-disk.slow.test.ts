import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSafetensors } from '../../src/formats/safetensors.ts';
import { pictureFolder } from '../pipeline/pictures.ts';
import { BIN } from './bin.ts';

// Real processes, whose writes the operating system really refuses.

let home = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'vggtune-full-'));
  await pictureFolder(6, join(home, 'pictures'));
  await mkdir(join(home, 'disk'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** A shell script in which `vggtune` is ours and `$TRAIN` begins a run of three steps an epoch. */
function shell(script: string, wrapper: readonly string[] = []) {
  const train = 'vggtune train pictures --backbone vgg-nano --weights random --epochs 2';
  const whole = `vggtune() { "${process.execPath}" "${BIN}" "$@"; }
    TRAIN='${train} --batch-size 5 --optimizer sgd --augment.views 1 --quiet --out'
    ${script}`;
  const [command = 'bash', ...words] = [...wrapper, 'bash', '-c', whole];
  const env = { ...process.env, VGGTUNE_CACHE: join(home, 'cache') };
  return spawnSync(command, words, { cwd: home, encoding: 'utf8', env });
}

/** Runs a command in a mount namespace of its own, where the system lets anyone have one. */
const ALONE = ['unshare', '--mount', '--map-root-user'];
const canMount = () => shell('mount -t tmpfs -o size=1m disk disk', ALONE).status === 0;

describe('a result that cannot be written', () => {
  it.skipIf(!existsSync('/dev/full')).each(['--help', '--version --json', 'config pictures'])(
    '%s: the command fails, and says why',
    (words) => {
      const { stdout, stderr } = shell(`vggtune ${words} > /dev/full; echo "exit $?"`);
      expect(stdout).toBe('exit 3\n');
      expect(stderr).toMatch(/the result could not be written[\s\S]*ENOSPC[\s\S]*stdout/);
    },
  );

  it('keeps the code of a command that has failed before', () => {
    const { stdout } = shell('vggtune train nowhere --epochs 0 --json > /dev/full; echo "exit $?"');
    expect(stdout).toBe('exit 2\n');
  });

  it('is none where messages alone are lost, or nobody reads', () => {
    expect(shell('vggtune --version 2> /dev/full; echo "exit $?"').stdout).toMatch(/exit 0\n$/);
    const piped = shell('set -o pipefail; vggtune --help | true; echo "exit $?"');
    expect(piped.stdout).toBe('exit 0\n');
  });
});

describe('a disk that is full', () => {
  it('in the second epoch, keeps the first one’s checkpoint; with more room the run goes on', async (test) => {
    if (!canMount()) test.skip('nobody may mount a disk here');
    // Best weights and last checkpoint take 5 + 10 MB; the second epoch's come beside them.
    const script = `mount -t tmpfs -o size=17m disk disk || exit 99
      $TRAIN disk/run --strategy scratch; echo "exit $?"
      ls disk/run disk/run/checkpoints
      mkdir kept && cp disk/run/checkpoints/* kept
      mount -o remount,size=80m disk
      vggtune train --resume disk/run --quiet; echo "exit $?"
      ls disk/run disk/run/model`;
    const { stdout, stderr } = shell(script, ALONE);
    expect(stderr).toMatch(/could not write .*disk\/run\/checkpoints\/best\.safetensors/);
    expect(stderr).toMatch(/ENOSPC[\s\S]*free some space[\s\S]*--resume/);
    const [full, resumed] = stdout.split(/^exit /m).slice(1);
    expect(full).toMatch(/^3\n/);
    expect(full).not.toMatch(/\.tmp|lock|metrics/);
    expect((await readdir(join(home, 'kept'))).sort()).toEqual([
      'best.safetensors',
      'last.safetensors',
    ]);
    const last = await readSafetensors(join(home, 'kept', 'last.safetensors'));
    expect(JSON.parse(last.metadata.progress ?? '')).toMatchObject({ epoch: 1, batch: 0 });
    expect(resumed).toMatch(/^0\n[\s\S]*metrics\.json[\s\S]*model\.safetensors/);
  });

  it('at the first checkpoint larger than the limit of file sizes, keeps the smaller ones', async () => {
    // The warm-up's checkpoints hold the head alone; those of the whole network have megabytes.
    const script = `ulimit -f 1000
      $TRAIN limited --strategy all --head.fit steps --warmup-epochs 1 --warmup 0; echo "exit $?"`;
    const { stdout, stderr } = shell(script);
    expect(stdout).toBe('exit 3\n');
    expect(stderr).toMatch(/could not write .*limited\/checkpoints\/best\.safetensors/);
    expect(stderr).toMatch(/EFBIG[\s\S]*ulimit -f[\s\S]*--resume/);
    const checkpoints = join(home, 'limited', 'checkpoints');
    expect(await readdir(checkpoints)).toEqual(['last.safetensors']);
    const { metadata } = await readSafetensors(join(checkpoints, 'last.safetensors'));
    expect(JSON.parse(metadata.progress ?? '')).toMatchObject({ phase: 0, epoch: 1 });
    expect((await stat(join(checkpoints, 'last.safetensors'))).size).toBeLessThan(1e6);

    const resumed = shell('vggtune train --resume limited --quiet; echo "exit $?"');
    expect(resumed.stdout, resumed.stderr).toContain('exit 0\n');
    expect(await readdir(join(home, 'limited', 'model'))).toContain('model.safetensors');
  });
});

describe('a cache folder that is read-only', () => {
  it('is done without, whatever is wanted, and said once', async (test) => {
    if (!canMount()) test.skip('nobody may mount a disk here');
    const script = `mount -t tmpfs -o ro disk disk || exit 99
      export VGGTUNE_CACHE=disk
      train() { vggtune train pictures --backbone vgg-nano --epochs 2 --batch-size 5 "$@"; }
      train --weights random --strategy scratch --out ro-scratch; echo "exit $?"
      train --weights ro-scratch/model/model.safetensors --strategy top --out ro-top; echo "exit $?"
      vggtune evaluate ro-top --quiet > /dev/null; echo "exit $?"
      vggtune cache list > /dev/null; echo "exit $?"
      vggtune cache prune --all > /dev/null; echo "exit $?"`;
    const { stdout, stderr } = shell(script, ALONE);
    expect(stdout.match(/^exit .*/gm), stderr).toEqual(Array(5).fill('exit 0'));
    // Once by each of the two processes that train.
    expect(stderr.match(/^warning: .*(could not be kept|cannot be written).*/gm)).toHaveLength(2);
    expect(stderr).toMatch(/EROFS|read-only/);
  });
});
