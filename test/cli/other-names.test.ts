import { describe, expect, test } from 'vitest';
import { parseArguments } from '../../src/cli/arguments.ts';
import { COMMANDS } from '../../src/cli/command-list.ts';
import { OTHER_FLAGS, otherCommand, otherFlag } from '../../src/cli/other-names.ts';

async function load(name: string) {
  const row = COMMANDS.find((each) => each.name === name);
  if (row === undefined) throw new Error(`no command ${name}`);
  return row.load();
}

test.each([
  ['train', '--batch=3', '--batch-size'],
  ['train', '--imgsz=3', '--size'],
  ['train', '--model=vgg16', '--backbone'],
  ['train', '--name=x', '--out'],
  ['train', '--workers=2', 'as many threads'],
  ['train', '--dry-run', 'vggtune plan'],
  ['train', '--format=onnx', '--export'],
  ['export', '--export=onnx', '--format'],
  ['evaluate', '--split=val', '--side'],
  ['predict', '--out=x', '--csv > FILE'],
])('vggtune %s %s is told to be %s', async (name, word, meant) => {
  const { issues } = parseArguments(await load(name), ['a', 'b', word]);
  expect(issues.map(({ fix }) => fix).join()).toContain(meant);
});

describe('names of other tools', () => {
  const rows = Object.entries(OTHER_FLAGS).flatMap(([name, meanings]) =>
    meanings.flatMap(({ of = COMMANDS.map((each) => each.name) }) =>
      of.map((command) => ({ name, command })),
    ),
  );

  test.each(rows)(
    '--$name of $command is no flag of ours, and what it is here is one',
    async (row) => {
      const command = await load(row.command);
      const text = otherFlag(row.name, row.command) ?? '';
      // A row for a flag of ours would never be reached.
      const own = parseArguments(command, ['a', 'b', `--${row.name}=auto`]).issues;
      expect(own.map(({ message }) => message)).toContain('unknown flag');
      const target = /vggtune (\w+)/.exec(text)?.[1];
      const [flag] = /--[a-z][a-z.-]*/.exec(text) ?? [];
      if (flag === undefined) return;
      const owner = await load(
        target !== undefined && !text.startsWith('here it is --') ? target : row.command,
      );
      const { issues } = parseArguments(owner, ['a', 'b', `${flag}=auto`]);
      expect(issues.filter(({ message }) => message === 'unknown flag')).toEqual([]);
    },
  );

  test('commands of other tools are told by ours', () => {
    expect(otherCommand('version')).toBe('here it is: vggtune --version');
    expect(otherCommand('eval')).toContain('vggtune evaluate');
    expect(otherCommand('constructor')).toBeUndefined();
  });
});
