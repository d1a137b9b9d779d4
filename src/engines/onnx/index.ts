import type { Engine } from '../engine.ts';
import { compileForward } from './forward-program.ts';
import { compileLinear } from './linear-program.ts';
import { loweringFor } from './portable/choose.ts';
import { probeDevice } from './probe-device.ts';
import { RUNTIME_VERSION, type SessionOptions } from './session.ts';
import { compileTraining } from './training-program.ts';

export { type DeviceReport, probeDevices } from './probe-device.ts';

/**
 * The engine that compiles whole training steps into ONNX graphs and runs them with ONNX Runtime.
 * @throws VggtuneError (unavailable) when the runtime has no such device, or cannot compute on it
 */
export async function createOnnxEngine(options: SessionOptions): Promise<Engine> {
  const { device } = options;
  await probeDevice(device);
  const compile = device === 'cpu' ? options : { ...options, lowering: await loweringFor(device) };
  return {
    name: 'onnx',
    device,
    version: RUNTIME_VERSION,
    compileForward: (request) => compileForward(request, compile),
    compileTraining: (request) => compileTraining(request, compile),
    compileLinear: (request) => compileLinear(request, compile),
  };
}
