import { dataError } from '../base/errors.ts';
import { type NamedTensors, sameShape } from '../base/tensor.ts';
import type { Checkpoint } from './checkpoint.ts';

interface Fit {
  readonly wanted: NamedTensors;
  readonly resume: Checkpoint | undefined;
  /** Whether every tensor has to be there. */
  readonly whole?: boolean;
}

/**
 * Checks that a checkpoint belongs to the network; one of another network is intact in itself.
 * @throws VggtuneError (data) for one
 */
export function expectFits(found: NamedTensors, { wanted, resume, whole = false }: Fit): void {
  for (const [name, { shape }] of found) {
    const other = wanted.get(name);
    if (other === undefined) throw otherRun(resume, `a tensor ${name}`);
    if (!sameShape(shape, other.shape)) throw otherRun(resume, `${name} as [${shape}]`);
  }
  const lacking = whole && [...wanted.keys()].find((name) => !found.has(name));
  if (lacking) throw otherRun(resume, `no tensor ${lacking}`);
}

export function otherRun(resume: Checkpoint | undefined, found: string): Error {
  const path = resume?.path ?? 'checkpoints';
  return dataError(`${path} does not belong to this run`, {
    expected: 'a checkpoint of the same network and settings',
    found,
    where: path,
    fix: 'put back a copy of it if there is one, or start the run again with --overwrite',
  });
}
