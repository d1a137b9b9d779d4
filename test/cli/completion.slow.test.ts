import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BIN } from './bin.ts';
import { openProgram } from './wizard/screen.ts';

// Real shells, and a person who presses Tab. These run what is built.

interface Shell {
  readonly words: readonly string[];
  readonly teach: string;
}

const SHELLS: Readonly<Record<string, Shell>> = {
  bash: {
    words: ['--norc', '--noprofile', '-i'],
    teach: "PS1='> '; source <(vggtune completion bash); echo re''ady",
  },
  zsh: {
    words: ['-f', '-i'],
    teach:
      "PS1='> '; autoload -U compinit; compinit -u -D; source <(vggtune completion zsh); echo re''ady",
  },
  fish: {
    words: ['--no-config', '-i'],
    teach:
      "function fish_prompt; echo -n '> '; end; vggtune completion fish | source; echo re''ady",
  },
};

let home = '';
let path = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'vggtune-completion-'));
  for (const run of ['runs/photos-head', 'runs/my run', 'runs/sweeps/one']) {
    await mkdir(join(home, 'work', run), { recursive: true });
    for (const name of ['config.yaml', 'events.ndjson'])
      await writeFile(join(home, 'work', run, name), '');
  }
  for (const folder of ['work/pictures', 'bin']) await mkdir(join(home, folder));
  await writeFile(join(home, 'work', 'settings.yaml'), '');
  const program = join(home, 'bin', 'vggtune');
  await writeFile(program, `#!/bin/sh\nexec "${process.execPath}" "${BIN}" "$@"\n`);
  await chmod(program, 0o755);
  path = `${join(home, 'bin')}:${process.env.PATH}`;
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** What is typed, with Tab at its end, and what the line is then. */
const CASES = [
  ['vggtune pred', 'vggtune predict'],
  ['vggtune train --strategy he', 'vggtune train --strategy head'],
  ['vggtune train --strategy=scr', 'vggtune train --strategy=scratch'],
  ['vggtune train --augment.sat', 'vggtune train --augment.saturation'],
  ['vggtune train --preset qu', 'vggtune train --preset quick'],
  ['vggtune train --export onnx,py', 'vggtune train --export onnx,pytorch'],
  ['vggtune evaluate runs/ph', 'vggtune evaluate runs/photos-head'],
  ['vggtune evaluate runs/m', 'vggtune evaluate runs/my\\ run'],
  ['vggtune evaluate runs/sw', 'vggtune evaluate runs/sweeps/'],
  ['vggtune train --resume runs/ph', 'vggtune train --resume runs/photos-head'],
  ['vggtune predict runs/photos-head pic', 'vggtune predict runs/photos-head pictures/'],
  ['vggtune train -c set', 'vggtune train -c settings.yaml'],
  ['vggtune describe vgg13_', 'vggtune describe vgg13_bn'],
  ['vggtune cache pr', 'vggtune cache prune'],
] as const;

describe.each(Object.entries(SHELLS))('%s', (name, { words, teach }) => {
  const missing = spawnSync(name, ['--version']).status !== 0;

  it.skipIf(missing)(
    `completes${missing ? ` (skipped: ${name} is not installed)` : ''}`,
    async () => {
      const env = { PATH: path, HOME: home, INPUTRC: '/dev/null' };
      const screen = openProgram(name, words, { cwd: join(home, 'work'), env, columns: 100 });
      try {
        screen.type(`${teach}\r`);
        await screen.see('\nready');
        for (const [typed, completed] of CASES) {
          screen.type(`${typed}\t`);
          const lines = await screen.see(`> ${completed}`);
          expect(lines.join('\n'), typed).toContain(completed);
          screen.type('\u0015');
          await screen.gone(`> ${typed}`);
        }
        // Twice: bash shows the choices only then.
        screen.type('vggtune train --strategy \t\t');
        await screen.see('scratch');
        for (const each of ['auto', 'head', 'all', 'top']) await screen.see(each);
      } finally {
        screen.kill();
      }
    },
  );
});
