import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import sharp from 'sharp';

const BIN = resolve(import.meta.dirname, '../../bin/vggtune.js');
const COLOURS = { blue: [40, 60, 220], green: [40, 200, 60], red: [220, 50, 40] };
const SIDE = 32;

/** Pictures of three colours under noise, and a config file with one run for each seed. */
export async function makeWorld(work, { runs, pictures }) {
  for (const [name, colour] of Object.entries(COLOURS)) {
    mkdirSync(join(work, 'pictures', name), { recursive: true });
    for (let at = 0; at < pictures; at++) {
      const pixels = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => {
        const noise = (Math.imul(i + 1, 2654435761 + at * 40503) >>> 16) % 90;
        return Math.min(255, colour[i % 3] / 2 + noise);
      });
      await sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } })
        .png()
        .toFile(join(work, 'pictures', name, `${at}.png`));
    }
  }
  const seeds = Array.from({ length: runs }, (_, at) => at + 1).join(', ');
  writeFileSync(
    join(work, 'sweep.yaml'),
    `data: pictures
backbone: vgg-nano
weights: random
strategy: scratch
epochs: 3
batchSize: 8
image: {size: ${SIDE}}
schedule: {kind: constant, warmup: 0}
export: []
matrix: {seed: [${seeds}]}
`,
  );
}

/** Starts the command line, in a process group of its own. */
export function vggtune(work, words) {
  const child = spawn(process.execPath, [BIN, ...words], {
    cwd: work,
    env: { ...process.env, VGGTUNE_CACHE: join(work, 'cache') },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let [out, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors += text;
  });
  const ended = new Promise((done, fail) => {
    child.on('error', fail);
    // The process that a killed worker leaves keeps the pipes open until it has ended.
    child.on('exit', (code, signal) => done({ code, signal, errors: () => errors }));
  });
  return { child, ended, out: () => out, errors: () => errors };
}
