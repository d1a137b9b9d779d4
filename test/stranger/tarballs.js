// The packages that the stranger is given: the present one, and one of an older commit.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const inherit = ['ignore', 'ignore', 'inherit'];

/** Packs a folder as `npm pack` does, and returns the path of the file. */
function pack(folder, to, args = []) {
  const words = ['pack', '--json', '--pack-destination', to, ...args];
  const printed = execFileSync('npm', words, {
    cwd: folder,
    encoding: 'utf8',
    stdio: [...inherit.slice(0, 1), 'pipe', 'ignore'],
  });
  // What the scripts of the package print comes first.
  const [{ filename }] = JSON.parse(printed.slice(printed.lastIndexOf('\n[') + 1));
  return join(to, filename);
}

export const packPresent = (to) => pack(root, to);

/**
 * Builds and packs a commit under a version number of its own.
 * @param to the folder for the package, in which the commit is built too
 */
export function packOlder(commit, version, to) {
  const folder = join(to, 'older');
  mkdirSync(folder);
  const archive = join(to, 'older.tar');
  execFileSync('git', ['archive', '--output', archive, commit], { cwd: root, stdio: inherit });
  execFileSync('tar', ['-xf', archive, '-C', folder]);
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const file = join(folder, 'package.json');
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), version }));
  execFileSync('npm', ['run', 'build'], { cwd: folder, stdio: inherit });
  return pack(folder, to, ['--ignore-scripts']);
}

export const versionOf = () => JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version;
