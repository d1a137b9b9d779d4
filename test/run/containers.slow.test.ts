import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BIN } from '../cli/bin.ts';
import { pictureFolder } from '../pipeline/pictures.ts';

// Real processes in process and host-name spaces of their own, as containers have them: each is
// process 1 of its space. These run what is built: `npm test` builds first.

let home = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'vggtune-containers-'));
  await pictureFolder(8, join(home, 'pictures'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const ALONE = '--pid --fork --mount-proc --uts --map-root-user --kill-child'.split(' ');
const canBeAlone = spawnSync('unshare', [...ALONE, 'hostname', 'test']).status === 0;

/** Starts the command line in a container. */
function container(hostName: string, words: string) {
  const script = `hostname ${hostName} && exec "${process.execPath}" "${BIN}" ${words}`;
  const child = spawn('unshare', [...ALONE, 'bash', '-c', script], {
    cwd: home,
    env: { ...process.env, VGGTUNE_CACHE: join(home, 'cache') },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  const ended = new Promise<{ code: number | null; stderr: string }>((done) => {
    child.on('close', (code) => done({ code, stderr }));
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    if (stderr.includes('epoch 2/') && words.startsWith('train pictures')) child.kill('SIGKILL');
  });
  return ended;
}

const TRAIN =
  'train pictures --backbone vgg-nano --weights random --strategy scratch --epochs 8 --warmup 0 --early-stop none';

describe.skipIf(!canBeAlone)('a run that is killed in a container', () => {
  it.concurrent.each([
    ['the same container', 'one'],
    ['another container', 'two'],
  ])('is resumed in %s', async (_, hostName) => {
    const run = `run-${hostName}`;
    await container('one', `${TRAIN} --out ${run}`);
    const left = JSON.parse(await readFile(join(home, run, 'lock'), 'utf8'));
    expect(left).toMatchObject({ pid: 1, host: 'one' });
    const resumed = await container(hostName, `train --resume ${run}`);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(resumed.stderr).toContain('epoch 8/8');
    expect(resumed.stderr).not.toContain('epoch 1/8');
    if (hostName === 'two') expect(resumed.stderr).toContain('process 1 on one');
  });
});
