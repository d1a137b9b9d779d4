// The side of images.py that uses what is built: decodes each file that is named on stdin, and says how that ended.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { decodeImage } from '../../dist/dataset/decode.js';
import { examine } from '../../dist/dataset/examine.js';

const [folder = '', side = '64'] = process.argv.slice(2);
const spec = { size: Number(side), resize: Number(side), background: '#ffffff' };

let at = 0;
for await (const path of createInterface({ input: process.stdin })) {
  const name = join(folder, `${at++}.rgb`);
  console.log(JSON.stringify({ path, ...(await outcomeOf(path, name)) }));
}

async function outcomeOf(path, name) {
  try {
    const pixels = await decodeImage(path, spec);
    const { defect, blank } = await examine(path, 268_402_689);
    if (defect !== undefined) return { refused: defect };
    await writeFile(name, pixels);
    return { pixels: name, blank: blank === true };
  } catch (error) {
    if (error?.details === undefined) return { crash: String(error?.stack ?? error) };
    return { refused: error.details.found ?? error.message };
  }
}
