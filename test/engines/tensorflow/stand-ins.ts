import tf from '@tensorflow/tfjs';

/** Stand-ins for the native packages: what their import gives, or throws, as the real ones do. */
export type StandIn = (name: string) => unknown;

/** A package that works, over plain TensorFlow.js. */
export const working: (gpu: boolean) => StandIn = (gpu) => () => ({
  default: { ...tf, backend: () => ({ isUsingGpuDevice: gpu }) },
});

export const absent: StandIn = (name) => {
  const error = new Error(`Cannot find package '${name}' imported from /app/implementations.js`);
  throw Object.assign(error, { code: 'ERR_MODULE_NOT_FOUND' });
};

/** 4.22 loads on Node 23, and breaks at the first operation. */
export const onNode23: StandIn = () => ({
  default: {
    ...tf,
    conv2d: () => {
      throw new TypeError('(0 , util_1.isNullOrUndefined) is not a function');
    },
  },
});

export const throwing =
  (message: string, code?: string): StandIn =>
  () => {
    throw Object.assign(new Error(message), code === undefined ? {} : { code });
  };

export const unbuilt: StandIn = (name) =>
  throwing(
    `The Node.js native addon module (tfjs_binding.node) can not be found at path: /app/node_modules/${name}/lib/napi-v8/tfjs_binding.node. \nPlease run command 'npm rebuild ${name} --build-addon-from-source' to rebuild the native addon module. `,
  )(name);

export const withoutCuda = throwing(
  'libcudart.so.11.0: cannot open shared object file: No such file or directory',
  'ERR_DLOPEN_FAILED',
);

/** An importer of the packages given, by name, that records what it was asked for. */
export function importer(packages: Readonly<Record<string, StandIn>>) {
  const asked: string[] = [];
  const importPackage = async (name: string): Promise<unknown> => {
    asked.push(name);
    return (packages[name] ?? absent)(name);
  };
  return { asked, importPackage };
}
