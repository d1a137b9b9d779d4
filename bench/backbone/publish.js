// Makes the file of pretrained weights that the package carries of a finished run: convolution kernels
// as float16, batch norm as float32 (a variance can be smaller than what float16 can hold), no head.
//
//   node bench/backbone/publish.js --run runs/vgg-nano [--out FILE] [--pretrained TEXT]
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { writeFileAtomic } from '../../dist/base/atomic-file.js';
import { readSafetensors } from '../../dist/formats/safetensors.js';

const { values: options } = parseArgs({
  options: {
    run: { type: 'string', default: 'runs/vgg-nano' },
    out: { type: 'string', default: 'presets/backbones/vgg-nano.safetensors' },
    /** What the file's metadata says of its pretraining. */
    pretrained: { type: 'string' },
  },
});

const view = new DataView(new ArrayBuffer(4));

/** The bits of the float16 nearest to a number, ties to even. */
function float16(value) {
  view.setFloat32(0, value);
  const bits = view.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 112;
  if (exponent >= 31) throw new RangeError(`${value} does not fit in float16`);
  const mantissa = (bits & 0x7fffff) | 0x800000;
  // Below the smallest normal number the mantissa is shifted instead.
  const shift = exponent > 0 ? 13 : Math.min(25, 14 - exponent);
  const halfway = 2 ** (shift - 1);
  const rest = mantissa & (2 ** shift - 1);
  const floor = Math.floor(mantissa / 2 ** shift);
  const up = rest > halfway || (rest === halfway && floor % 2 === 1) ? 1 : 0;
  return sign + (exponent > 0 ? (exponent - 1) * 1024 : 0) + floor + up;
}

const isHead = (name) => name.startsWith('fc');
const isKernel = (name) => name.startsWith('conv') && name.endsWith('.weight');

function encoded(name, { data }) {
  if (!isKernel(name)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return new Uint8Array(Uint16Array.from(data, float16).buffer);
}

function fileOf(tensors, metadata) {
  const header = { __metadata__: metadata };
  const parts = [];
  let offset = 0;
  for (const [name, tensor] of tensors) {
    const bytes = encoded(name, tensor);
    const dtype = isKernel(name) ? 'F16' : 'F32';
    header[name] = { dtype, shape: tensor.shape, data_offsets: [offset, offset + bytes.length] };
    offset += bytes.length;
    parts.push(bytes);
  }
  const json = Buffer.from(JSON.stringify(header));
  const start = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' ');
  start.writeBigUInt64LE(BigInt(start.length - 8), 0);
  json.copy(start, 8);
  return Buffer.concat([start, ...parts]);
}

const { tensors, metadata } = await readSafetensors(
  join(options.run, 'model', 'model.safetensors'),
);
const config = parse(await readFile(join(options.run, 'config.yaml'), 'utf8'));
const { backbone, preprocessing } = metadata;
// Wide tensors first: each then starts where its numbers are aligned.
const kept = [...tensors].filter(([name]) => !isHead(name));
const ordered = [...kept].sort(([a], [b]) => Number(isKernel(a)) - Number(isKernel(b)));
const file = fileOf(ordered, {
  backbone,
  preprocessing,
  licence: 'Apache-2.0',
  pretrained: options.pretrained ?? `${config.epochs} epochs; see vgg-nano.md`,
});
await writeFileAtomic(options.out, file);
console.error(`${options.out}: ${file.length} bytes, ${ordered.length} tensors`);
