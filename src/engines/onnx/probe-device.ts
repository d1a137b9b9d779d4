import { deviceAbsent, expectDevice, reasonOf } from './device-errors.ts';
import { REQUIREMENTS, supportedDevices, VERSION } from './devices.ts';
import { convolution, convolveElsewhere } from './probe-process.ts';
import { createSession } from './session.ts';

/**
 * Computes a convolution on the device, with the runtime forbidden to put it elsewhere: a device that does not do
 * convolutions would be one in name only. Off the CPU it happens in another process, so that neither what a driver
 * writes nor a driver that crashes reaches the user's terminal.
 *
 * @throws VggtuneError (unavailable) when the device is not there, or computes something else
 */
export async function probeDevice(device: string): Promise<void> {
  expectDevice(device);
  const compute = device === 'cpu' ? convolveHere : convolveElsewhere;
  const computed = await compute(device).catch((error: unknown) => {
    throw deviceAbsent(device, error);
  });
  if (computed !== 9) throw deviceAbsent(device, `a convolution of nine ones gave ${computed}`);
}

async function convolveHere(device: string): Promise<number> {
  const session = await createSession(convolution(), { device });
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

export interface DeviceReport {
  readonly device: string;
  readonly package: string;
  readonly version: string;
  readonly state: 'works' | 'broken' | 'absent';
  readonly reason?: string;
  readonly cure?: string;
}

/** What the runtime says where there is no such hardware, or no library for it. */
const NOTHING_THERE = /No supported adapters|Failed to load shared library/;

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
    const reason = reasonOf(error);
    const state = NOTHING_THERE.test(reason) ? 'absent' : 'broken';
    reports.push({ ...common, state, reason, cure: REQUIREMENTS[device] });
  }
  return reports;
}
