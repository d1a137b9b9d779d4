import { messageOf, systemCode, unavailableError, VggtuneError } from './errors.ts';

interface Library {
  readonly name: string;
  /** What its errors mention. */
  readonly sign: RegExp;
  readonly fix: (machine: Machine) => string;
}

interface Machine {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  /** True on Linux with musl in place of glibc, such as Alpine. */
  readonly musl: boolean;
}

const LIBRARIES: readonly Library[] = [
  {
    name: 'onnxruntime-node',
    sign: /onnxruntime/i,
    fix: ({ platform, arch, musl }) => {
      if (musl)
        return 'it needs glibc: use an image of Debian, such as node:22-slim, not of Alpine';
      if (platform === 'darwin' && arch === 'x64') {
        return 'the last version for Macs with an Intel processor: npm install onnxruntime-node@1.23.2';
      }
      return 'it runs on Linux and Windows (x64, arm64) and on macOS (arm64): install again with `npm ci`, or use another machine';
    },
  },
  {
    name: 'sharp',
    sign: /\bsharp\b/i,
    fix: () => 'install again on this machine: npm ci --include=optional',
  },
];

/** How Node says that a module or its native part cannot be loaded. */
const LOADING: readonly (string | undefined)[] = [
  'MODULE_NOT_FOUND',
  'ERR_MODULE_NOT_FOUND',
  'ERR_DLOPEN_FAILED',
];

/**
 * A library without a native part for this machine is not a bug: it becomes an error that says what to do.
 * Any other error is returned unchanged.
 */
export function explainNative(error: unknown, machine: Machine = thisOne()): unknown {
  if (error instanceof VggtuneError || !(error instanceof Error)) return error;
  const text = messageOf(error);
  const refused = LOADING.includes(systemCode(error)) || /^Could not load the "sharp"/.test(text);
  const library = LIBRARIES.find(({ sign }) => sign.test(`${text} ${stackOf(error)}`));
  if (!refused || library === undefined) return error;
  return unavailableError(`${library.name} cannot be loaded on this machine`, {
    expected: `a library for ${machine.platform} on ${machine.arch}${machine.musl ? ' with musl' : ''}`,
    found: text.split('\n')[0] ?? text,
    where: library.name,
    fix: library.fix(machine),
    cause: error,
  });
}

/** The files that wanted a module that was not found. */
function stackOf(error: Error): string {
  const stack = 'requireStack' in error ? error.requireStack : undefined;
  return Array.isArray(stack) ? stack.join(' ') : '';
}

function thisOne(): Machine {
  const { platform, arch } = process;
  return { platform, arch, musl: platform === 'linux' && !hasGlibc() };
}

/** Whether Node runs with glibc, which it reports. */
function hasGlibc(): boolean {
  const report = process.report?.getReport() as { readonly header?: object } | undefined;
  return report?.header !== undefined && 'glibcVersionRuntime' in report.header;
}
