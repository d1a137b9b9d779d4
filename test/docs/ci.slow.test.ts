import { spawnSync } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { BIN } from '../cli/bin.ts';
import { pictureFolder, temporaryFolder } from '../pipeline/pictures.ts';

// The examples are run as they stand, in a folder with pictures. Variables make the training small.

let home = '';
beforeAll(async () => {
  home = await temporaryFolder();
  await pictureFolder(12, join(home, 'photos'));
  await mkdir(join(home, 'bin'));
  const vggtune = `exec "${process.execPath}" "${BIN}" "$@"`;
  await program('vggtune', vggtune);
  // What `npm ci` installs is this build.
  await program('npx', `[ "$1" = vggtune ] || exit 127\nshift\n${vggtune}`);
  await program('npm', '[ "$*" = ci ]');
});
afterAll(() => rm(home, { recursive: true, force: true }));

async function program(name: string, body: string): Promise<void> {
  const path = join(home, 'bin', name);
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, 0o755);
}

const SMALL = {
  VGGTUNE_BACKBONE: 'vgg-nano',
  VGGTUNE_STRATEGY: 'scratch',
  VGGTUNE_EPOCHS: '6',
  VGGTUNE_OPTIMIZER: 'adamw',
  VGGTUNE_SCHEDULE: 'constant',
  VGGTUNE_WARMUP: '0',
  VGGTUNE_BATCH_SIZE: '4',
  VGGTUNE_AUGMENT_VIEWS: '1',
};
const GOOD = { ...SMALL, VGGTUNE_LR: '0.003' };
const BAD = { ...SMALL, VGGTUNE_LR: '1e-9', VGGTUNE_EPOCHS: '1' };

/** A folder with the pictures and the config files of the examples. */
async function project(): Promise<string> {
  const folder = await mkdtemp(join(home, 'project-'));
  for (const name of ['ci.yaml', 'sweep.yaml'])
    await cp(join('docs/examples', name), join(folder, name));
  await cp(join(home, 'photos'), join(folder, 'photos'), { recursive: true });
  return folder;
}

function bash(words: readonly string[], cwd: string, environment: NodeJS.ProcessEnv) {
  const env = {
    ...process.env,
    ...environment,
    PATH: `${join(home, 'bin')}:${process.env.PATH}`,
    VGGTUNE_CACHE: join(home, 'cache'),
    GITHUB_STEP_SUMMARY: join(cwd, 'summary.md'),
    CI: 'true',
  };
  const { status, stdout, stderr } = spawnSync('bash', words, { cwd, env, encoding: 'utf8' });
  return { status, stdout, stderr };
}

interface Workflow {
  readonly jobs: Readonly<Record<string, { readonly steps: readonly { readonly run?: string }[] }>>;
}

/** Runs the steps of a job as GitHub's runner does, until one fails. */
async function runJob(name: string, cwd: string, environment: NodeJS.ProcessEnv) {
  const text = await readFile('docs/examples/github-actions.yml', 'utf8');
  const { jobs } = parse(text) as Workflow;
  const steps = (jobs[name]?.steps ?? []).flatMap(({ run }) => run ?? []);
  expect(steps.length).toBeGreaterThan(1);
  for (const [at, step] of steps.entries()) {
    const options = ['--noprofile', '--norc', '-eo', 'pipefail', '-c', step];
    const { status, stderr } = bash(options, cwd, environment);
    if (status !== 0) return { status, step, stderr, left: steps.length - at - 1 };
  }
  return { status: 0, step: '', stderr: '', left: 0 };
}

const json = async (...path: readonly string[]) =>
  JSON.parse(await readFile(join(...path), 'utf8')) as Record<string, unknown>;

describe('docs/examples/github-actions.yml', () => {
  it('trains, and leaves model and summary', async () => {
    const folder = await project();
    const ended = await runJob('train', folder, GOOD);
    expect(ended, ended.stderr).toMatchObject({ status: 0 });
    expect(await json(folder, 'train.json')).toMatchObject({
      strategy: 'scratch',
      failedGates: [],
    });
    expect(await readFile(join(folder, 'summary.md'), 'utf8')).toMatch(
      /^```\n[\s\S]*accuracy +\d[\s\S]*\n```\n$/,
    );
    await readFile(join(folder, 'runs/ci/model/model.onnx'));
  });

  it('stops with 4 when the model is not good enough', async () => {
    const ended = await runJob('train', await project(), BAD);
    expect(ended, ended.stderr).toMatchObject({ status: 4, left: 1 });
    expect(ended.step).toContain('vggtune train');
  });

  it('sweeps, and leaves a report', async () => {
    const folder = await project();
    const { VGGTUNE_LR: _, ...environment } = GOOD;
    const ended = await runJob('sweep', folder, { ...environment, VGGTUNE_EPOCHS: '1' });
    // Whether a gate is missed after one epoch is not what is tested here.
    expect([0, 4], ended.stderr).toContain(ended.status);
    expect((await json(folder, 'batch.json')).runs).toHaveLength(2);
    expect(await readFile(join(folder, 'reports/junit.xml'), 'utf8')).toContain('tests="2"');
  });
});

describe('docs/examples/ci.sh', () => {
  it.each([
    ['good', GOOD, 0, /^good enough: accuracy (1|0\.9)/],
    ['bad', BAD, 4, /^not good enough: accuracy 0\.\d/],
    ['wrong', { VGGTUNE_EPOCHS: 'many' }, 2, /^failed: a problem with the settings/],
  ])('%s', async (_name, environment, status, says) => {
    const script = join(process.cwd(), 'docs/examples/ci.sh');
    const ended = bash([script], await project(), environment);
    expect(ended.status, ended.stderr).toBe(status);
    expect(ended.stdout).toMatch(says);
  });
});
