import { readFile } from 'node:fs/promises';
import { decodeOnnx } from '../../formats/onnx-proto.ts';
import { createSession, type SessionOptions } from './session.ts';

/** An exported model, opened from its file. */
export interface OpenModel {
  readonly metadata: Readonly<Record<string, string>>;
  /** @returns [count, classes] probabilities of uint8 RGB [count, size, size, 3] */
  run(pixels: Uint8Array, count: number): Promise<Float32Array>;
  release(): Promise<void>;
}

/** @throws VggtuneError (data) when the file is no ONNX model */
export async function openModelFile(path: string, options: SessionOptions): Promise<OpenModel> {
  const model = decodeOnnx(await readFile(path), path);
  const session = await createSession(model, options);
  const [input] = model.inputs;
  const [output] = model.outputs;
  const classes = Number(output?.shape.at(-1) ?? 0);
  const row = (input?.shape ?? []).slice(1).map(Number);
  return {
    metadata: model.metadata,
    async run(pixels, count) {
      const data = new Float32Array(count * classes);
      await session.run(
        new Map([[input?.name ?? '', { shape: [count, ...row], data: pixels }]]),
        new Map([[output?.name ?? '', { shape: [count, classes], data }]]),
      );
      return data;
    },
    release: () => session.release(),
  };
}
