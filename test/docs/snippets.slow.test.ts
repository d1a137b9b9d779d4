import { spawnSync } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { BIN, vggtune } from '../cli/bin.ts';
import { pictureFolder, temporaryFolder } from '../pipeline/pictures.ts';
import { commandsOf, NOT_RUN, readSnippets, type Snippet } from './snippets.ts';

// The snippets of README and docs, as they stand, in one small world: pictures, a run, config files. What cannot be run
// is in a list, with its reason (snippets.ts).

let home = '';
let world = '';

/** The smallest network, without trials, and no way to the network. */
const environment = () => ({
  PATH: `${join(home, 'bin')}:${process.env.PATH}`,
  VGGTUNE_CACHE: join(home, 'cache'),
  VGGTUNE_BACKBONE: 'vgg-nano',
  VGGTUNE_ADVISE_BUDGET: '0',
  VGGTUNE_MIRROR: 'http://127.0.0.1:9',
});

beforeAll(async () => {
  home = await temporaryFolder();
  world = join(home, 'world');
  await mkdir(join(home, 'bin'));
  const run = `exec "${process.execPath}" "${BIN}" "$@"`;
  await program('vggtune', run);
  await program('npx', `[ "$1" = vggtune ] || exit 127\nshift\n${run}`);
  // GNU parallel runs the lines of its stdin; so does a shell, one after the other.
  await program('parallel', 'exec sh -e');
  await buildWorld();
});
afterAll(() => rm(home, { recursive: true, force: true }));

async function program(name: string, body: string): Promise<void> {
  const path = join(home, 'bin', name);
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, 0o755);
}

async function buildWorld(): Promise<void> {
  const photos = await pictureFolder(12, join(world, 'photos'));
  await cp(photos, join(world, 'newer'), { recursive: true });
  await mkdir(join(world, 'new'));
  for (const name of ['new/one.png', 'new.jpg'])
    await cp(join(photos, 'blue', '0.png'), join(world, name));
  const sweep = (seeds: string) =>
    `data: photos\nstrategy: head\nexport: []\nmatrix: {seed: [${seeds}]}\n`;
  await mkdir(join(world, 'configs'));
  await writeFile(
    join(world, 'configs', 'all.yaml'),
    `${sweep('1, 2, 3, 4').replace('photos', '../photos')}out: ../runs/all\n`,
  );
  await writeFile(join(world, 'sweep.yaml'), sweep('1, 2'));
  await writeFile(join(world, 'common.yaml'), 'export: [safetensors]\n');
  await cp('docs/examples/ci.yaml', join(world, 'ci.yaml'));
  await mkdir(join(world, 'node_modules'));
  await symlink(resolve('.'), join(world, 'node_modules', 'vggtune'));
  for (const words of [
    ['train', 'photos', '--strategy', 'head'],
    // The parts of a batch that other machines have.
    ...[1, 3, 4].map((part) => ['batch', 'configs/*.yaml', '--shard', `${part}/4`]),
  ]) {
    const ended = await vggtune(words, { cwd: world, environment: environment() });
    expect(ended.code, ended.stderr).toBe(0);
  }
}

function bash(script: string) {
  const words = ['--noprofile', '--norc', '-euo', 'pipefail', '-c', script];
  const env = { ...process.env, ...environment() };
  const { status, stderr } = spawnSync('bash', words, { cwd: world, env, encoding: 'utf8' });
  return { status, stderr };
}

const titled = (kind: string) =>
  readSnippets()
    .filter((each) => each.kind === kind)
    .map((each) => [`${each.page}:${each.line}`, each] as const);

const isRun = (line: string) => !Object.keys(NOT_RUN).some((start) => line.startsWith(start));

/** Three dots stand for the run that there is, whatever its name is. */
const withRun = (line: string) => line.replaceAll('runs/...', 'runs/photos-head');

describe('yaml', () => {
  it.each(titled('yaml'))('%s', async (_, { page, text }) => {
    const document = parse(text) as unknown;
    if (Array.isArray(document)) {
      // Steps of a workflow.
      for (const { run = '' } of document as { run?: string }[]) {
        const { status, stderr } = bash(`${run}\nrm -r runs/ci`);
        expect(status, stderr).toBe(0);
      }
      return;
    }
    // A config file: its first line may say where it lies.
    const [, name = 'sweep/matrix.yaml'] = /^# (\S+\.yaml)$/m.exec(text) ?? [];
    await mkdir(join(world, 'sweep'), { recursive: true });
    await writeFile(join(world, name), text);
    // A range is for a search.
    const search = text.includes('{min:') ? '--search 3' : '';
    const { status, stderr } = bash(`vggtune batch ${name} ${search} --dry-run`);
    expect(status, `${page}: ${stderr}`).toBe(0);
  });
});

describe('sh', () => {
  const some = titled('sh').filter(([, snippet]) => commandsOf(snippet).some(isRun));

  it.each(some)('%s', (_, snippet: Snippet) => {
    // A snippet that keeps a status would hide it.
    const lines = commandsOf(snippet).filter(isRun).map(withRun);
    const { status, stderr } = bash(['status=0', ...lines, '[ $status = 0 ]'].join('\n'));
    expect(status, `${lines.join('\n')}\n${stderr}`).toBe(0);
  });
});

describe('ts', () => {
  it.each(titled('ts'))('%s', async (_, { text }) => {
    const folder = await mkdtemp(join(world, 'program-'));
    const file = join(folder, 'snippet.mjs');
    await writeFile(file, text);
    const env = { ...process.env, ...environment() };
    const ended = spawnSync(process.execPath, [file], { cwd: world, env, encoding: 'utf8' });
    expect(ended.status, ended.stderr).toBe(0);
    expect(ended.stdout).toMatch(/^[01](\.\d+)?$/m);
  });
});
