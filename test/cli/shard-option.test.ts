import { describe, expect, it } from 'vitest';
import { readShard } from '../../src/cli/shard-option.ts';

const SLURM = { SLURM_ARRAY_TASK_ID: '7', SLURM_ARRAY_TASK_COUNT: '4' };

describe('--shard', () => {
  it.each([
    ['2/4', { index: 2, count: 4 }],
    ['1/1', { index: 1, count: 1 }],
    ['12/100', { index: 12, count: 100 }],
  ])('%s is a part of the whole', (text, shard) => {
    expect(readShard(text, {})).toEqual({ shard });
  });

  it.each(['0/4', '5/4', '1/0', '-1/4', '1/4/2', 'a/4', '2/', '/4', '', '0', '1.5/2', '1e3/2000'])(
    '%j is refused',
    (text) => {
      expect(readShard(text, SLURM)).toMatchObject({ issue: { where: '--shard', found: text } });
    },
  );

  it('is what the scheduler says where it says both', () => {
    expect(readShard(undefined, SLURM)).toEqual({
      shard: { index: 4, count: 4 },
      from: 'SLURM_ARRAY_TASK_ID',
    });
    const aws = { AWS_BATCH_JOB_ARRAY_INDEX: '0', AWS_BATCH_JOB_ARRAY_SIZE: '3' };
    expect(readShard(undefined, aws)).toMatchObject({ shard: { index: 1, count: 3 } });
  });

  it('takes the number of jobs where the scheduler tells only which one this is', () => {
    expect(readShard(undefined, { JOB_COMPLETION_INDEX: '2' })).toEqual({ shard: undefined });
    expect(readShard('5', { JOB_COMPLETION_INDEX: '2' })).toMatchObject({
      shard: { index: 3, count: 5 },
    });
    expect(readShard('5', {})).toMatchObject({ issue: { fix: 'say it: --shard 1/5' } });
  });

  it('covers every part once, wherever the ids of an array begin', () => {
    for (const first of [0, 1, 17]) {
      const ids = [0, 1, 2, 3, 4].map((i) => `${first + i}`);
      const parts = ids.map((id) => {
        const read = readShard('5', { PBS_ARRAY_INDEX: id });
        return 'shard' in read ? read.shard?.index : undefined;
      });
      expect(parts.sort()).toEqual([1, 2, 3, 4, 5]);
    }
  });

  it('is not guessed where ids leave numbers out, or are none', () => {
    expect(readShard(undefined, { ...SLURM, SLURM_ARRAY_TASK_STEP: '2' })).toEqual({
      shard: undefined,
    });
    expect(readShard(undefined, { ...SLURM, SLURM_ARRAY_TASK_ID: 'x' })).toEqual({
      shard: undefined,
    });
  });
});
