import { join } from 'node:path';
import type { Emit } from '../base/events.ts';
import type { ClassFolder } from './candidates.ts';
import { printablePath } from './file-names.ts';
import { listFolder } from './walk.ts';

/** What looks like another layout than it is taken for: told, because training would not show it. */
export async function warnOfLayout(
  root: string,
  { folders, emit }: { readonly folders: readonly ClassFolder[]; readonly emit: Emit },
): Promise<void> {
  warnOfTwins(folders, emit);
  await warnOfInnerClasses(root, { folders, emit });
}

/** Names that differ by their case, by spaces, accents, zeros before a number or the like alone. */
function warnOfTwins(folders: readonly ClassFolder[], emit: Emit): void {
  const byForm = new Map<string, Set<string>>();
  for (const { className } of folders) {
    const form = className
      .normalize('NFKD')
      .replaceAll(/[\u0300-\u036f]/g, '')
      .toLowerCase()
      .replaceAll(/[\s_-]+/g, ' ')
      .trim()
      .replace(/^0+(?=\d+$)/, '');
    byForm.set(form, (byForm.get(form) ?? new Set()).add(className));
  }
  const twins = [...byForm.values()].filter(({ size }) => size > 1);
  if (twins.length === 0) return;
  const names = twins
    .slice(0, 5)
    .map((twin) => [...twin].map((name) => JSON.stringify(printablePath(name))).join(' and '));
  const message = `classes whose names are nearly the same are kept apart: ${names.join('; ')}. Rename the folders if they are one`;
  emit({ type: 'warning', code: 'classes-alike', message });
}

/** All class folders hold the same folders: those may be the classes. */
async function warnOfInnerClasses(
  root: string,
  { folders, emit }: { readonly folders: readonly ClassFolder[]; readonly emit: Emit },
): Promise<void> {
  const [first, ...others] = folders;
  if (first === undefined || others.length === 0) return;
  const inside = async ({ path }: ClassFolder) =>
    (await listFolder(join(root, path))).folders.join('\n');
  const names = await inside(first).catch(() => '');
  if (!names.includes('\n')) return;
  for (const other of others) if ((await inside(other).catch(() => '')) !== names) return;
  const classes = names.split('\n').slice(0, 5).map(printablePath).join(', ');
  const message = `the class folders ${printablePath(first.className)}, ${printablePath(others[0]?.className ?? '')}${others.length > 1 ? ', ...' : ''} all hold the folders ${classes}: if those are the classes, give ${join(root, first.path)}, or name the folders train, val and test`;
  emit({ type: 'warning', code: 'classes-deeper', message });
}
