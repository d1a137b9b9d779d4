import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readLimits } from '../../src/base/cgroup.ts';
import { usableMachine } from '../../src/base/machine.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'vggtune-cgroup-test-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function files(of: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(of)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), `${text}\n`);
  }
}

const GB = 2 ** 30;

describe('the limits of a container', () => {
  it('version 2, as docker run --cpus=1.5 --memory=2g has them', async () => {
    await files({
      'proc/self/cgroup': '0::/',
      'sys/fs/cgroup/cpu.max': '150000 100000',
      'sys/fs/cgroup/memory.max': String(2 * GB),
    });
    expect(readLimits(root)).toEqual({ processors: 1.5, memory: 2 * GB });
  });

  it('version 2: the smallest of a group and those above it', async () => {
    await files({
      'proc/self/cgroup': '0::/user.slice/job',
      'sys/fs/cgroup/user.slice/cpu.max': '200000 100000',
      'sys/fs/cgroup/user.slice/memory.max': String(GB),
      'sys/fs/cgroup/user.slice/job/cpu.max': 'max 100000',
      'sys/fs/cgroup/user.slice/job/memory.max': String(3 * GB),
    });
    expect(readLimits(root)).toEqual({ processors: 2, memory: GB });
  });

  it('version 1, seen from outside and from inside of a container', async () => {
    await files({
      'proc/self/cgroup': '4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n0::/docker/abc',
      'sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes': String(GB),
      'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '400000',
      'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000',
    });
    expect(readLimits(root)).toEqual({ processors: 4, memory: GB });
  });

  it('are none where nothing is said', async () => {
    expect(readLimits(root)).toEqual({ processors: undefined, memory: undefined });
    await files({
      'proc/self/cgroup': '0::/',
      'sys/fs/cgroup/cpu.max': 'max 100000',
      'sys/fs/cgroup/memory.max': 'max',
      'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1',
      'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000',
    });
    expect(readLimits(root)).toEqual({ processors: undefined, memory: undefined });
  });
});

describe('what a process may use', () => {
  const host = { parallelism: 64, total: 256 * GB, constrained: 2 ** 64 };

  it.each([
    [
      { processors: 1, memory: 2 * GB },
      { processors: 1, memory: 2 * GB },
    ],
    [
      { processors: 0.5, memory: undefined },
      { processors: 1, memory: 256 * GB },
    ],
    [
      { processors: 2.5, memory: 2 ** 63 },
      { processors: 2, memory: 256 * GB },
    ],
    [
      { processors: undefined, memory: undefined },
      { processors: 64, memory: 256 * GB },
    ],
  ])('%o gives %o', (limits, machine) => {
    expect(usableMachine({ ...host, limits })).toEqual(machine);
  });

  it('is no more than Node knows of', () => {
    const limits = { processors: undefined, memory: undefined };
    expect(usableMachine({ ...host, limits, constrained: GB }).memory).toBe(GB);
    expect(usableMachine({ ...host, limits, parallelism: 3 }).processors).toBe(3);
  });
});
