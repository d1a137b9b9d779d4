import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { isPathValue } from '../config/file-paths.ts';
import { PATHS } from '../config/setting-sources.ts';
import type { QueuedRun } from './broker.ts';
import { MARK_FILE, readMark } from './shared-folder.ts';

/** Why a worker of one version leaves a run to others: nobody has tested that they give the same weights. */
export function otherVersion(run: QueuedRun, version: string): string | undefined {
  if (run.version === version) return undefined;
  return `${run.name} was queued by vggtune ${run.version}, and this is ${version}: install the same on both`;
}

/** What a run needs and this machine does not have, by the path and the host. */
export async function notHere(run: QueuedRun, host: string): Promise<string | undefined> {
  for (const key of PATHS) {
    const path = run.values[key];
    if (key === 'out' || !isPathValue(key, path) || existsSync(path)) continue;
    return `there is no ${path} (${key}) on ${host}: ${SAME_PATH}`;
  }
  const folder = dirname(run.folder);
  if ((await readMark(run.folder)) === run.mark) return undefined;
  const found = existsSync(folder)
    ? `${folder} on ${host} is another folder`
    : `there is no ${folder} on ${host}`;
  return `${found} (it lacks the ${MARK_FILE} of the batch): ${SAME_PATH}`;
}

const SAME_PATH =
  'data and run folders must be on shared storage, at the same path on every machine';
