import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { unavailableError } from '../../base/errors.ts';
import type { OnnxModel } from '../../formats/onnx-model.ts';
import { encodeOnnx } from '../../formats/onnx-proto.ts';
import { Graph } from './graph.ts';
import { lower } from './lower.ts';

/**
 * A program of its own, since a driver may write to the terminal what it likes, or end the process in which it is
 * loaded. It takes a model on stdin and prints one line of JSON: the middle of the output, or an error.
 */
const PROGRAM = `
const { env, InferenceSession, Tensor } = require(process.argv[1]);
const chunks = [];
process.stdin.on('data', (chunk) => chunks.push(chunk)).on('end', async () => {
  let answer;
  try {
    env.logLevel = 'fatal';
    const session = await InferenceSession.create(new Uint8Array(Buffer.concat(chunks)), {
      executionProviders: [process.argv[2]],
      logSeverityLevel: 4,
      extra: { session: { disable_cpu_ep_fallback: '1' } },
    });
    const ones = new Tensor('float32', new Float32Array(9).fill(1), [1, 1, 3, 3]);
    const bias = new Tensor('float32', new Float32Array(1), [1]);
    const { sums } = await session.run({ image: ones, kernel: ones, bias });
    answer = { computed: sums.data[4] };
  } catch (error) {
    answer = { error: String((error && error.message) || error) };
  }
  process.stdout.write(JSON.stringify(answer) + '\\n', () => process.exit(0));
});
`;

/** Longer than a driver in software takes to compile a convolution on a busy machine. */
const PATIENCE = 120_000;

/** The program and its arguments; tests give others. */
export type ProbeCommand = readonly [string, readonly string[]];

function commandFor(device: string): ProbeCommand {
  const runtime = createRequire(import.meta.url).resolve('onnxruntime-node');
  return [process.execPath, ['-e', PROGRAM, runtime, device]];
}

/**
 * Computes a convolution of nine ones on the device, in another process.
 * @returns the result: 9 where the device computes
 * @throws VggtuneError (unavailable) with what the runtime said, and its driver
 */
export async function convolveElsewhere(
  device: string,
  command: ProbeCommand = commandFor(device),
): Promise<number> {
  const { code, signal, stdout, stderr } = await runProgram(command, encodeOnnx(convolution()));
  const answer = parsed(stdout);
  if (answer?.computed !== undefined) return answer.computed;
  const ended = signal === null ? `exit code ${code}` : signal;
  const reason = answer?.error ?? `its driver ended the process that tried it (${ended})`;
  const said = driverWords(stderr);
  throw unavailableError(`no convolution on ${device}`, {
    found: said === undefined ? firstLine(reason) : `${firstLine(reason)} (${said})`,
  });
}

/** The model that devices are tried with: a convolution of an image of nine pixels with a kernel of nine. */
export function convolution(): OnnxModel {
  const graph = new Graph();
  const image = graph.input('image', [1, 1, 3, 3]);
  const kernel = graph.input('kernel', [1, 1, 3, 3]);
  graph.output('sums', graph.add('conv', [image, kernel, graph.input('bias', [1])], {}));
  return lower(graph, { name: 'probe' });
}

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

function runProgram([file, args]: ProbeCommand, input: Uint8Array): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { timeout: PATIENCE, windowsHide: true });
    const texts = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        texts[stream] += text;
      });
    }
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, ...texts }));
    // A process that ends before it has read everything is told of by its exit code.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

function parsed(
  stdout: string,
): { readonly computed?: number; readonly error?: string } | undefined {
  try {
    const { computed, error }: { computed?: unknown; error?: unknown } = JSON.parse(stdout);
    return {
      ...(typeof computed === 'number' && { computed }),
      ...(typeof error === 'string' && { error }),
    };
  } catch {
    return undefined;
  }
}

/** The first line of what a driver wrote, without the word in front. */
function driverWords(stderr: string): string | undefined {
  const line = firstLine(stderr.trim()).replace(/^(warning|error): /i, '');
  return line === '' ? undefined : line;
}

const firstLine = (text: string) => text.split('\n')[0] ?? text;
