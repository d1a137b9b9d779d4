// The side of images.py that uses what is built: decodes each file that is named on stdin as `predict` does, in its own
// size, and says how that ended.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { decodeWhole } from '../../dist/dataset/decode.js';
import { examine } from '../../dist/dataset/examine.js';
import { readHeader } from '../../dist/dataset/image-header.js';

/** sharp's own limit, which the product has by default. */
const MAX_PIXELS = 268_402_689;
const [folder = ''] = process.argv.slice(2);

let at = 0;
for await (const path of createInterface({ input: process.stdin })) {
  const name = join(folder, `${at++}.rgb`);
  console.log(JSON.stringify({ path, ...(await outcomeOf(path, name)) }));
}

async function outcomeOf(path, name) {
  try {
    const header = await readHeader(path);
    const shorter = Math.min(header.width, header.height);
    const spec = { background: '#ffffff', shorter, maxScaled: MAX_PIXELS };
    const { width, height, pixels } = await decodeWhole(path, spec);
    const { defect, blank } = await examine(path, MAX_PIXELS);
    if (defect !== undefined) return { refused: defect };
    await writeFile(name, pixels);
    return { pixels: name, width, height, format: header.format, blank: blank === true };
  } catch (error) {
    if (error?.details === undefined) return { crash: String(error?.stack ?? error) };
    return { refused: error.details.found ?? error.message };
  }
}
