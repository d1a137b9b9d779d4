import { env, listSupportedBackends } from 'onnxruntime-node';
import { unavailableError } from '../../base/errors.ts';

/** The version of the installed package. */
export const VERSION = env.versions.node ?? 'unknown';

/** Devices that ONNX Runtime may have, depending on the platform and on how it was built. */
export const DEVICES = ['cpu', 'cuda', 'webgpu', 'coreml', 'dml'] as const;
export type OnnxDevice = (typeof DEVICES)[number];

/** The devices that the installed package has code for; whether the machine can run them shows later. */
export function supportedDevices(backends = listSupportedBackends()): readonly OnnxDevice[] {
  const names = backends.map(({ name }) => name);
  return DEVICES.filter((device) => names.includes(device));
}

/**
 * Fails unless the installed runtime has a backend for the device: nothing ever falls back.
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

/** What a device needs on the machine, for an error. */
export const REQUIREMENTS: Readonly<Record<OnnxDevice, string>> = {
  cpu: 'reinstall onnxruntime-node in the version that vggtune asks for',
  cuda: 'fetch the CUDA libraries of onnxruntime-node (see "GPU" in README.md), and install CUDA 12 and cuDNN 9; or use --device cpu',
  webgpu: 'install a graphics driver with Vulkan, Metal or Direct3D 12; or use --device cpu',
  coreml: 'use macOS 10.15 or newer; or use --device cpu',
  dml: 'use Windows 10 1903 or newer and a DirectX 12 graphics card; or use --device cpu',
};
