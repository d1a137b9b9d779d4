/** Devices by engine; the first is the default. */
export const DEVICES_BY_ENGINE = {
  onnx: ['auto', 'cpu', 'cuda', 'dml', 'coreml', 'webgpu'],
  tensorflow: ['auto', 'gpu', 'cpu', 'js'],
} as const;

/** Every device that some engine has. */
export const DEVICE_NAMES: readonly string[] = [
  ...new Set(Object.values(DEVICES_BY_ENGINE).flat()),
];
