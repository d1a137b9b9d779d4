import { describe, expect, it } from 'vitest';
import { parseArguments } from '../../src/cli/arguments.ts';
import { runCommands, sameCommand } from '../../src/cli/batch-list.ts';
import { command } from '../../src/cli/commands/batch.ts';

const parsed = (line: string) => parseArguments(command, line.split(' '));

describe('commands of a batch', () => {
  it('for each run have its name, results of its own, and all that changes what it is', () => {
    const args = parsed('a.yaml --no-flip --lr 0.1 --preset quick --offline --shard 1/2 --jobs 2');
    const [line] = runCommands([{ name: 'a/x=it is', file: 'a.yaml' }], args);
    expect(line).toMatch(/^vggtune batch a\.yaml '--run=a\/x=it is' '--results=/);
    for (const flag of ['--lr=0.1', '--preset=quick', '--offline']) expect(line).toContain(flag);
    for (const flag of ['--shard', '--jobs']) expect(line).not.toContain(flag);
  });

  it('show no password of a queue', () => {
    const line = sameCommand(parsed('a.yaml --queue redis://me:secret@node7:6379/0'));
    expect(line).toBe('vggtune batch a.yaml --queue=redis://me@node7:6379/0');
  });

  it('that go on with one that was interrupted are the same part of it', () => {
    const args = parsed('a.yaml b.yaml --shard 1/2 --run a/1 --run a/2 --jobs 2 --lr 0.1');
    expect(sameCommand(args)).toBe(
      'vggtune batch a.yaml b.yaml --shard=1/2 --run=a/1 --run=a/2 --jobs=2 --lr=0.1',
    );
  });
});
