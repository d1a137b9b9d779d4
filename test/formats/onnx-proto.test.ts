import { describe, expect, it } from 'vitest';
import type { OnnxModel } from '../../src/formats/onnx-model.ts';
import { decodeOnnx, encodeOnnx } from '../../src/formats/onnx-proto.ts';

const weights = Float32Array.of(1.5, -2, 3, 0.25, 1e-8, 4e8);
const model: OnnxModel = {
  irVersion: 8,
  opsets: { '': 17, 'com.microsoft': 1 },
  producer: { name: 'vggtune', version: '1.2.3' },
  metadata: { labels: '["Katze","犬"]', empty: '' },
  name: 'example',
  nodes: [
    {
      type: 'Gemm',
      name: 'first',
      domain: '',
      inputs: ['x', 'w', ''],
      outputs: ['y'],
      attributes: {
        alpha: { float: 0.5 },
        transB: { int: 1 },
        far: { int: -(2 ** 31) },
        mode: { string: 'linéaire' },
        pads: { ints: [0, 1, -1, 2 ** 40] },
        scales: { floats: [0.5, -2] },
      },
    },
  ],
  initializers: [
    { name: 'w', type: 'float32', shape: [3, 2], bytes: new Uint8Array(weights.buffer) },
    { name: 's', type: 'int64', shape: [], bytes: new Uint8Array(8) },
  ],
  inputs: [{ name: 'x', type: 'uint8', shape: ['batch', 2] }],
  outputs: [{ name: 'y', type: 'float32', shape: ['batch', 3] }],
};

// The same message by hand: field 1 (IR version) is a varint, field 2 (producer) a string,
// field 3 (its version) an empty one, field 7 (graph) a message whose field 2 is its name, field 8 an opset import.
const BY_HAND = Uint8Array.of(
  ...[0x08, 8],
  ...[0x12, 1, 0x70],
  ...[0x1a, 0],
  ...[0x3a, 3, 0x12, 1, 0x67],
  ...[0x42, 4, 0x0a, 0, 0x10, 17],
);

describe('the ONNX format', () => {
  it('reads back what it wrote', () => {
    const read = decodeOnnx(encodeOnnx(model));
    const plain = (m: OnnxModel) => ({
      ...m,
      initializers: m.initializers.map((t) => ({ ...t, bytes: [...t.bytes] })),
    });
    expect(plain(read)).toEqual(plain(model));
  });

  it('reads a message written by hand', () => {
    const read = decodeOnnx(BY_HAND);
    expect(read).toMatchObject({ irVersion: 8, name: 'g', opsets: { '': 17 }, nodes: [] });
    expect(read.producer.name).toBe('p');
  });

  it('writes numbers of fields as onnx.proto has them', () => {
    const empty = { nodes: [], initializers: [], inputs: [], outputs: [], metadata: {} };
    const small = { ...model, ...empty, name: 'g', producer: { name: 'p', version: '' } };
    const bytes = encodeOnnx({ ...small, opsets: { '': 17 } });
    expect([...bytes]).toEqual([...BY_HAND]);
  });

  it('gives tensors as views, not copies', () => {
    const bytes = encodeOnnx(model);
    const read = decodeOnnx(bytes);
    expect(read.initializers[0]?.bytes.buffer).toBe(bytes.buffer);
  });

  it.each([
    ['truncated', encodeOnnx(model).slice(0, 150)],
    ['empty', new Uint8Array()],
    ['random', Uint8Array.from({ length: 64 }, (_, i) => (i * 151 + 7) % 256)],
  ])('refuses %s bytes with a typed error', (_what, bytes) => {
    expect(() => decodeOnnx(bytes, 'model.onnx')).toThrow(
      expect.objectContaining({
        kind: 'data',
        details: expect.objectContaining({ where: 'model.onnx' }),
      }),
    );
  });

  it('refuses more weights than a protobuf message holds', () => {
    const bytes = { byteLength: 2 ** 31 } as Uint8Array;
    const huge = { name: 'w', type: 'float32', shape: [2 ** 29], bytes } as const;
    expect(() => encodeOnnx({ ...model, initializers: [huge] })).toThrow('2 GiB');
  });
});
