import type { Engine } from '../engine.ts';
import { compileForward } from './forward-program.ts';
import { compileLinear } from './linear-program.ts';
import { probeDevice } from './probe-device.ts';
import { RUNTIME_VERSION, type SessionOptions } from './session.ts';
import { compileTraining } from './training-program.ts';

export { type DeviceReport, probeDevices } from './probe-device.ts';

/**
 * The engine that compiles whole training steps into ONNX graphs and runs them with ONNX Runtime.
 * @throws VggtuneError (unavailable) when the runtime has no such device, or cannot compute on it
 */
export async function createOnnxEngine(options: SessionOptions): Promise<Engine> {
  await probeDevice(options.device);
  return {
    name: 'onnx',
    device: options.device,
    version: RUNTIME_VERSION,
    compileForward: (request) => compileForward(request, options),
    compileTraining: (request) => compileTraining(request, options),
    compileLinear: (request) => compileLinear(request, options),
  };
}
