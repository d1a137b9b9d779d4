// An account in which nothing is set up: a new user where this runs as root, a new home folder elsewhere.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/** What leads to the package registry from this machine; nothing else of the environment is handed on. */
const WAY_OUT =
  /^(https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS|npm_config_(registry|https?_proxy|cafile))$/i;

/** @returns the words that run a line of shell in the account, its home folder, and its end */
export function openAccount() {
  const isRoot = process.getuid?.() === 0;
  const name = isRoot ? `vggtune-stranger-${process.pid}` : userInfo().username;
  if (isRoot) execFileSync('useradd', ['--create-home', '--shell', '/bin/bash', name]);
  const home = isRoot ? `/home/${name}` : mkdtempSync(join(tmpdir(), 'vggtune-stranger-'));
  const passed = Object.entries(process.env).filter(([key]) => WAY_OUT.test(key));
  const exports = passed.map(([key, value]) => `export ${key}='${value}'; `).join('');

  /** The file and the words of a process that runs a line in a folder of the account, as a new login does. */
  const words = (line, folder) => {
    const script = `${exports}cd '${folder}' || exit\n${line}`;
    if (isRoot) return ['su', ['-', name, '-c', script]];
    const clean = [`HOME=${home}`, `PATH=${process.env.PATH}`, `USER=${name}`];
    return ['env', ['-i', ...clean, 'bash', '-c', script]];
  };

  return {
    name: isRoot ? 'a new user' : 'a new home folder',
    home,
    words,
    /** @throws Error with everything that was printed, where the line fails */
    run(line, folder = home) {
      const [file, args] = words(line, folder);
      const { status, stdout, stderr } = spawnSync(file, args, {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
        maxBuffer: 1e9,
      });
      if (status !== 0) throw new Error(`${line}: exit ${status}\n${stdout}${stderr}`);
      return { stdout, stderr };
    },
    /** Gives a path below the home folder to the account. */
    own(path) {
      const { uid, gid } = statSync(home);
      execFileSync('chown', ['-R', `${uid}:${gid}`, path]);
    },
    bytes: () => Number(execFileSync('du', ['-sb', home], { encoding: 'utf8' }).split('\t')[0]),
    close() {
      if (isRoot) spawnSync('userdel', ['--remove', name]);
      else rmSync(home, { recursive: true, force: true });
    },
  };
}
