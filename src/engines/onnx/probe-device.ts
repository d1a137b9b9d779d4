import { messageOf, unavailableError, VggtuneError } from '../../base/errors.ts';
import { DEVICES, expectDevice, REQUIREMENTS, supportedDevices, VERSION } from './devices.ts';
import { Graph } from './graph.ts';
import { lower } from './lower.ts';
import { createSession } from './session.ts';

/**
 * Computes a convolution on the device, with the runtime forbidden to put it elsewhere. In a whole
 * network the runtime may leave single operators that a device lacks to the CPU; a device that
 * does not do convolutions would be one in name only.
 *
 * @throws VggtuneError (unavailable) when the device is not there, or computes something else
 */
export async function probeDevice(device: string): Promise<void> {
  expectDevice(device);
  const computed = await sumOfNine(device).catch((error: unknown) => {
    throw failure(device, error);
  });
  if (computed !== 9) throw failure(device, `a convolution of nine ones gave ${computed}`);
}

export interface DeviceReport {
  readonly device: string;
  readonly package: string;
  readonly version: string;
  readonly state: 'works' | 'broken';
  readonly reason?: string;
  readonly cure?: string;
}

/** Every device that the installed package has code for, tried. */
export async function probeDevices(): Promise<readonly DeviceReport[]> {
  const reports: DeviceReport[] = [];
  for (const device of supportedDevices()) {
    const common = { device, package: 'onnxruntime-node', version: VERSION };
    const error = await probeDevice(device).then(
      () => undefined,
      (problem: unknown) => problem,
    );
    if (error === undefined) {
      reports.push({ ...common, state: 'works' });
      continue;
    }
    reports.push({
      ...common,
      state: 'broken',
      reason: reasonOf(error),
      cure: REQUIREMENTS[device],
    });
  }
  return reports;
}

async function sumOfNine(device: string): Promise<number> {
  const graph = new Graph();
  const image = graph.input('image', [1, 1, 3, 3]);
  const kernel = graph.input('kernel', [1, 1, 3, 3]);
  graph.output('sums', graph.add('conv', [image, kernel, graph.input('bias', [1])], {}));
  const model = lower(graph, { name: 'probe' });
  // The CPU is what the runtime calls a fallback, so it cannot be asked for strictly.
  const session = await createSession(model, { device, strict: device !== 'cpu' });
  const ones = { shape: [1, 1, 3, 3], data: new Float32Array(9).fill(1) };
  const sums = { shape: [1, 1, 3, 3], data: new Float32Array(9) };
  const feeds = new Map([
    ['image', ones],
    ['kernel', ones],
    ['bias', { shape: [1], data: new Float32Array(1) }],
  ]);
  await session.run(feeds, new Map([['sums', sums]]));
  await session.release();
  return sums.data[4] ?? Number.NaN;
}

function failure(device: string, error: unknown): VggtuneError {
  const known = DEVICES.find((name) => name === device) ?? 'cpu';
  return unavailableError(`the onnx engine cannot run on ${device}`, {
    expected: `an onnxruntime-node that computes a convolution on ${device}`,
    found: reasonOf(error),
    where: 'device',
    fix: REQUIREMENTS[known],
    cause: error,
  });
}

/** The runtime's message, without the source location and the condition that failed. */
function reasonOf(error: unknown): string {
  const found = error instanceof VggtuneError ? error.details.found : undefined;
  const [line = ''] = (found ?? messageOf(error)).split('\n');
  return line.replace(/^.* was false\. /, '');
}
