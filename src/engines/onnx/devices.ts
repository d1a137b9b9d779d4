import { env, listSupportedBackends } from 'onnxruntime-node';

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

export interface DeviceTraits {
  /** Whether the runtime keeps outputs in the device's memory, and takes them as inputs. */
  readonly bindsBuffers: boolean;
  /**
   * Whether a graph may have operators that the device leaves to the CPU. Every graph is known to run on WebGPU as a
   * whole; the other devices could not be tried.
   */
  readonly mayFallBack: boolean;
}

const TRAITS: Readonly<Record<OnnxDevice, DeviceTraits>> = {
  cpu: { bindsBuffers: false, mayFallBack: false },
  webgpu: { bindsBuffers: true, mayFallBack: false },
  cuda: { bindsBuffers: false, mayFallBack: true },
  coreml: { bindsBuffers: false, mayFallBack: true },
  dml: { bindsBuffers: false, mayFallBack: true },
};

/** @param device one that `expectDevice` let through */
export function traitsOf(device: string): DeviceTraits {
  return TRAITS[DEVICES.find((name) => name === device) ?? 'cpu'];
}

/** What a device needs on the machine, for an error. */
export const REQUIREMENTS: Readonly<Record<OnnxDevice, string>> = {
  cpu: 'reinstall onnxruntime-node in the version that vggtune asks for',
  cuda: 'fetch the CUDA libraries of onnxruntime-node (see "GPU" in README.md), and install CUDA 12 and cuDNN 9; or use --device cpu',
  webgpu: 'install a graphics driver with Vulkan, Metal or Direct3D 12; or use --device cpu',
  coreml: 'use macOS 10.15 or newer; or use --device cpu',
  dml: 'use Windows 10 1903 or newer and a DirectX 12 graphics card; or use --device cpu',
};
