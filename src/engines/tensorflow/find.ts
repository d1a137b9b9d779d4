import { unavailableError, type VggtuneError } from '../../base/errors.ts';
import { CUDA, NO_GPU, type Trouble } from './diagnose.ts';
import {
  CPU_PACKAGE,
  type Finding,
  GPU_PACKAGE,
  JS_PACKAGE,
  type LookOptions,
  look,
  PACKAGES,
  type PackageName,
} from './implementations.ts';

/** `auto` is a GPU where there is one, and the CPU otherwise. */
export const DEVICES = ['auto', 'gpu', 'cpu', 'js'] as const;
export type DeviceRequest = (typeof DEVICES)[number];

/** Packages for each device, in order. Plain TensorFlow.js only where it is asked for: it is slow. */
const CANDIDATES: Readonly<Record<DeviceRequest, readonly PackageName[]>> = {
  auto: [GPU_PACKAGE, CPU_PACKAGE],
  gpu: [GPU_PACKAGE],
  // The GPU package computes on the CPU where it sees no GPU.
  cpu: [CPU_PACKAGE, GPU_PACKAGE],
  js: [JS_PACKAGE],
};

export type Found = Extract<Finding, { state: 'works' }>;

export interface Search {
  /** Absent where no package works on the device. */
  readonly found?: Found;
  /** The packages that were tried before, and why each failed. */
  readonly misses: readonly Miss[];
}

/** A package that cannot be used, and why. */
export interface Miss {
  readonly package: PackageName;
  readonly trouble: Trouble;
  readonly absent: boolean;
}

/** The first package that works on the device. */
export async function search(request: DeviceRequest, options: LookOptions = {}): Promise<Search> {
  const misses: Miss[] = [];
  for (const name of CANDIDATES[request]) {
    const finding = await look(name, options);
    const trouble = troubleWith(finding, request);
    if (trouble !== undefined) {
      misses.push({ package: name, trouble, absent: finding.state === 'absent' });
    } else if (finding.state === 'works') {
      return { found: finding, misses };
    }
  }
  return { misses };
}

/**
 * Finds a package for a device as the user names it.
 * @throws VggtuneError (unavailable) that says of each package what is wrong and what mends it
 */
export async function findTensorFlow(
  device: string,
  options: LookOptions = {},
): Promise<Search & { readonly found: Found }> {
  const request = DEVICES.find((name) => name === device);
  if (request === undefined) throw noSuchDevice(device);
  const { found, misses } = await search(request, options);
  if (found === undefined) throw notFound(request, misses);
  return { found, misses };
}

/** Every package as it is, for a report on the machine. */
export async function survey(options: LookOptions = {}): Promise<readonly PackageReport[]> {
  const reports: PackageReport[] = [];
  for (const name of PACKAGES) {
    const finding = await look(name, options);
    // A GPU package that sees no GPU is broken: it is not there for the CPU.
    const trouble = troubleWith(finding, name === GPU_PACKAGE ? 'gpu' : 'auto');
    const state = finding.state === 'works' && trouble !== undefined ? 'broken' : finding.state;
    reports.push({
      package: name,
      state,
      ...(finding.state === 'works' && { device: finding.device, version: finding.version }),
      ...(trouble !== undefined && { trouble }),
    });
  }
  return reports;
}

export interface PackageReport {
  readonly package: PackageName;
  readonly state: 'absent' | 'broken' | 'works';
  readonly device?: string;
  readonly version?: string;
  readonly trouble?: Trouble;
}

const absent = (name: PackageName): Trouble => ({
  reason: 'it is not installed',
  cure: `run "npm install ${name}"${name === GPU_PACKAGE ? ` (it needs ${CUDA})` : ''}`,
});

function troubleWith(finding: Finding, request: DeviceRequest): Trouble | undefined {
  switch (finding.state) {
    case 'absent':
      return absent(finding.package);
    case 'broken':
      return finding.trouble;
    case 'works':
      if (request === 'gpu' && finding.device !== 'gpu') return NO_GPU;
      if (request === 'cpu' && finding.device === 'gpu') return TAKES_THE_GPU;
      return undefined;
  }
}

const TAKES_THE_GPU: Trouble = {
  reason: 'it computes on the GPU',
  cure: `hide the GPU from it with CUDA_VISIBLE_DEVICES=-1, or install ${CPU_PACKAGE}`,
};

/** `PACKAGE: what is wrong with it` */
export function describeMiss({ package: name, trouble }: Miss): string {
  return `${name}: ${trouble.reason}`;
}

function noSuchDevice(device: string): VggtuneError {
  return unavailableError(`the tensorflow engine has no device "${device}"`, {
    expected: DEVICES.join(', '),
    found: device,
    where: 'device',
    fix: 'use --device gpu, cpu, or js (plain JavaScript, slow)',
  });
}

/** What runs on graphics cards without TensorFlow. */
const OTHER_GPUS =
  'use --device webgpu, for any card whose driver has Vulkan, Metal or Direct3D 12, or --device cuda';

function notFound(device: DeviceRequest, misses: readonly Miss[]): VggtuneError {
  const what = {
    auto: 'a TensorFlow package for Node that works',
    gpu: `${GPU_PACKAGE}, and a GPU that it sees`,
    cpu: `${CPU_PACKAGE}, or ${GPU_PACKAGE} where there is no GPU`,
    js: JS_PACKAGE,
  }[device];
  // What is installed and broken is what the user meant to use: its cure comes first.
  const cures = [...misses].sort((a, b) => Number(a.absent) - Number(b.absent));
  const others = [
    ...(device === 'gpu' ? [OTHER_GPUS] : []),
    'use --engine onnx, which needs nothing more',
  ];
  return unavailableError(`the tensorflow engine cannot run on ${nameOf(device)}`, {
    expected: what,
    found: misses.map(describeMiss).join('; '),
    where: 'engine, device',
    fix: [...cures.slice(0, 1).map(({ trouble }) => trouble.cure), ...others].join('; or '),
  });
}

function nameOf(device: DeviceRequest): string {
  return { auto: 'this machine', gpu: 'a GPU', cpu: 'the CPU', js: 'plain JavaScript' }[device];
}
