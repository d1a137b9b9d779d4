import { hostname } from 'node:os';
import type { WorkerName } from './broker.ts';

export const thisWorker = (): WorkerName => ({ host: hostname(), pid: process.pid });

/** As people are told of it: `node7 (process 4711)`. */
export const workerText = ({ host, pid }: WorkerName): string => `${host} (process ${pid})`;

/** As the broker keeps it, which takes no spaces in names. */
export const nameText = ({ host, pid }: WorkerName): string => `${encodeURIComponent(host)}:${pid}`;

/** Workers by the names of their connections, of which each has two. */
export function readNames(clients: readonly Readonly<Record<string, unknown>>[]): WorkerName[] {
  const names = new Map<string, WorkerName>();
  for (const { rawname, name } of clients) {
    const text = typeof rawname === 'string' ? rawname : String(name);
    const [, host, pid] = /:w:([^:]+):(\d+)$/.exec(text) ?? [];
    if (host === undefined) continue;
    names.set(`${host}:${pid}`, { host: decodeURIComponent(host), pid: Number(pid) });
  }
  return [...names.values()];
}
