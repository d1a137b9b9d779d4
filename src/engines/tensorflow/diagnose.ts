import { messageOf, systemCode } from '../../base/errors.ts';

/** The reason why a package cannot be used, and the remedy. */
export interface Trouble {
  readonly reason: string;
  readonly cure: string;
}

/** The CUDA that tfjs-node-gpu 4.22 was built for: TensorFlow 2.9's own requirements. */
export const CUDA = 'CUDA 11.2 and cuDNN 8.1';

export interface Failure {
  readonly package: string;
  readonly error: unknown;
  /** As `process.version`. */
  readonly node: string;
}

interface Symptom {
  readonly pattern: RegExp;
  readonly trouble: (failure: Failure, match: RegExpExecArray) => Trouble;
}

/** Ways in which the native packages are known to break, the most telling first. */
const SYMPTOMS: readonly Symptom[] = [
  {
    pattern: /util_1\.(\w+)\) is not a function/,
    trouble: (failure, [, removed]) => ({
      reason: `it does not support Node ${failure.node}: it calls util.${removed}, which Node removed in version 23`,
      cure: 'use Node 20 or 22',
    }),
  },
  {
    pattern: /tfjs_binding\.node\)? can ?not\s+be found/,
    trouble: (failure) => ({
      reason:
        'its native binding was not built: the install step, which downloads libtensorflow from outside the package registry, was skipped or did not get through',
      cure: `run "npm rebuild ${failure.package}" where that download is allowed`,
    }),
  },
  {
    pattern: /(lib(?:cu[a-z]+|nv[a-zA-Z]+)\.so[.\d]*): cannot open shared object/,
    trouble: (_failure, [, library]) => ({
      reason: `the CUDA library ${library} is missing`,
      cure: `install ${CUDA}, and add the folder of ${library} to LD_LIBRARY_PATH`,
    }),
  },
  {
    pattern: /(libtensorflow[\w.]*): cannot open shared object/,
    trouble: (failure, [, library]) => ({
      reason: `${library}, which the install step downloads, is missing`,
      cure: `run "npm rebuild ${failure.package}" where that download is allowed`,
    }),
  },
  {
    pattern: /version [`'"]?(GLIBC(?:XX)?_[\d.]+)['"]? not found/,
    trouble: (_failure, [, version]) => ({
      reason: `this system's C library is too old: ${version} is missing`,
      cure: 'use a newer system',
    }),
  },
  {
    pattern: /NODE_MODULE_VERSION|invalid ELF header|wrong architecture|not a valid Win32/,
    trouble: (failure) => ({
      reason: 'its native binding was built for another platform or Node',
      cure: `run "npm rebuild ${failure.package}"`,
    }),
  },
];

/** Whether the package itself was not found, rather than something that it needs. */
export function isAbsent({ package: name, error }: Failure): boolean {
  const code = systemCode(error);
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') return false;
  return messageOf(error).includes(`'${name}'`);
}

export function diagnose(failure: Failure): Trouble {
  const message = messageOf(failure.error);
  for (const { pattern, trouble } of SYMPTOMS) {
    const match = pattern.exec(message);
    if (match !== null) return trouble(failure, match);
  }
  return {
    reason: `it does not load: ${message.split('\n')[0]}`,
    cure: `reinstall it: "npm install ${failure.package}"`,
  };
}

/** The trouble when no GPU is seen; tfjs-node-gpu itself only warns, and computes on the CPU. */
export const NO_GPU: Trouble = {
  reason:
    'it loads, but sees no GPU: there is none with a CUDA driver, or TensorFlow could not load one of its CUDA libraries, which it then names on stderr',
  cure: `check that nvidia-smi lists a GPU, and install ${CUDA}`,
};
