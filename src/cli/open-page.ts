import { spawn } from 'node:child_process';

/** The program of each system that opens a file as a double click does. */
const OPENERS: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  darwin: 'open',
  win32: 'explorer.exe',
};

/** Opens a page in the user's browser. @returns whether there was a program to open it with */
export function openPage(path: string): Promise<boolean> {
  const opener = OPENERS[process.platform] ?? 'xdg-open';
  return new Promise((done) => {
    const child = spawn(opener, [path], { detached: true, stdio: 'ignore' });
    child.once('error', () => done(false));
    child.once('spawn', () => {
      child.unref();
      done(true);
    });
  });
}
