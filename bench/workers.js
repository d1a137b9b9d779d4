// Child processes that do a round when they are told to.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { rowForTorch } from './network.js';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/** A process that answers a line with a line; `hello` is the first it says. */
export class Worker {
  #child;
  #lines;

  constructor(command, args) {
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.hello = this.#answer();
  }

  async round() {
    this.#child.stdin.write('\n');
    return this.#answer();
  }

  async end() {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin.end();
    await ended;
  }

  async #answer() {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`${this.#child.spawnargs.join(' ')} ended`);
    return JSON.parse(value);
  }
}

export const vggtune = (row) =>
  new Worker(process.execPath, [here('work.js'), JSON.stringify(row)]);

export const torch = (python, row, variant) =>
  new Worker(python, [here('torch_reference.py'), JSON.stringify(rowForTorch(row)), variant]);

/** The interpreter that VGGTUNE_BENCH_PYTHON names, or the first python3 on the path that has PyTorch. */
export function findTorch() {
  const named = process.env.VGGTUNE_BENCH_PYTHON;
  if (named) {
    if (hasTorch(named)) return named;
    throw new Error(`VGGTUNE_BENCH_PYTHON names ${named}, which cannot import torch`);
  }
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/local/bin'];
  const found = folders.map((folder) => join(folder, 'python3')).filter(existsSync);
  return [...new Set(found)].find(hasTorch);
}

function hasTorch(python) {
  try {
    execFileSync(python, ['-c', 'import torch'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
