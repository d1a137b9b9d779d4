import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One operator that ran, by the runtime's own profile. */
export interface Ran {
  readonly graph: string;
  readonly operator: string;
  readonly provider: string;
}

/** The option that has the runtime write a profile of each session into a folder. */
export function profileInto(folder: string): (graph: string) => string {
  let count = 0;
  return (graph) => join(folder, `${graph}.${++count}.`);
}

/** Every operator that ran in the sessions of a folder; sessions must have been released. */
export function operatorsRun(folder: string): Ran[] {
  return readdirSync(folder).flatMap((file) => {
    const events: ProfileEvent[] = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    return events.flatMap(({ cat, args }): Ran[] => {
      if (cat !== 'Node' || args?.op_name === undefined) return [];
      const graph = file.split('.')[0] ?? file;
      return [{ graph, operator: args.op_name, provider: args.provider ?? 'unknown' }];
    });
  });
}

interface ProfileEvent {
  readonly cat: string;
  readonly args?: { readonly op_name?: string; readonly provider?: string };
}

/** Those that ran elsewhere than on webgpu, each once. */
export function operatorsElsewhere(folder: string): string[] {
  const elsewhere = operatorsRun(folder).filter(
    ({ provider }) => provider !== 'WebGpuExecutionProvider',
  );
  return [
    ...new Set(
      elsewhere.map(({ graph, operator, provider }) => `${graph}: ${operator} on ${provider}`),
    ),
  ];
}
