import { messageOf, unavailableError, VggtuneError } from '../../base/errors.ts';
import { DEVICES, REQUIREMENTS, supportedDevices } from './devices.ts';

/**
 * Fails unless the installed runtime has a backend for the device: nothing ever becomes another device.
 * @throws VggtuneError (unavailable) that lists the devices there are
 */
export function expectDevice(device: string, supported = supportedDevices()): void {
  if (supported.some((name) => name === device)) return;
  throw unavailableError(`the onnx engine has no device "${device}"`, {
    expected: `what the installed onnxruntime-node has: ${supported.join(', ')}`,
    found: device,
    where: 'device',
    fix: `use --device ${supported[0] ?? 'cpu'}`,
  });
}

/** A device that is not there, or computes something else. */
export function deviceAbsent(device: string, error: unknown): VggtuneError {
  const known = DEVICES.find((name) => name === device) ?? 'cpu';
  return unavailableError(`the onnx engine cannot run on ${device}`, {
    expected: `an onnxruntime-node that computes a convolution on ${device}`,
    found: reasonOf(error),
    where: 'device',
    fix: REQUIREMENTS[known],
    cause: error,
  });
}

interface Place {
  readonly device: string;
  readonly graph: string;
}

/** Whether a strict session was refused because the device lacks an operator of its graph. */
export function isLeftToCpu(error: unknown): boolean {
  return /fallback to CPU EP has been explicitly disabled/.test(messageOf(error));
}

/** A graph of which no session could be opened. */
export function refusedGraph(error: unknown, { device, graph }: Place): VggtuneError {
  const isGap = isLeftToCpu(error);
  return unavailableError(`onnxruntime-node did not take the graph "${graph}"`, {
    ...(isGap && { expected: `operators that ${device} computes itself` }),
    found: isGap ? 'an operator that it leaves to the CPU' : messageOf(error),
    fix:
      device === 'cpu' || !isGap
        ? 'reinstall onnxruntime-node in the version that vggtune asks for'
        : 'use --device cpu, and report the network and the strategy',
    cause: error,
  });
}

/** What the runtime and the driver say when the memory of a device is used up, or a limit of it is passed. */
const MEMORY =
  /out of memory|OutOfMemory|bad_alloc|failed to allocate|exceeds the max|buffer size|Invalid Buffer|BindingSize/i;

/**
 * What went wrong in the middle of a computation. On the CPU that is a bug and stays one; elsewhere a device can be
 * lost or full, and the state that was on it is gone with it.
 */
export function deviceFailure(error: unknown, { device, graph }: Place): unknown {
  if (device === 'cpu' || error instanceof VggtuneError || !(error instanceof Error)) return error;
  const isFull = MEMORY.test(error.message);
  const resume = 'go on from the last checkpoint with --resume RUN';
  return unavailableError(`${device} failed in the middle of the graph "${graph}"`, {
    expected: isFull ? 'more memory of the device' : 'a device that stays there',
    found: reasonOf(error),
    where: 'device',
    fix: isFull
      ? `use a smaller --micro-batch, --batch-size or --size; or ${resume} --device cpu`
      : `${resume}, or on the CPU with --device cpu too`,
    cause: error,
  });
}

/** The runtime's message, without the source location and the condition that failed. */
export function reasonOf(error: unknown): string {
  const found = error instanceof VggtuneError ? error.details.found : undefined;
  const [line = ''] = (found ?? messageOf(error)).split('\n');
  return line.replace(/^.* was false\. /, '');
}
