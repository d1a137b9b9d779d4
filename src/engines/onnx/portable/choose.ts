import { lower } from '../lower.ts';
import { type Lowering, STANDARD } from '../lowering.ts';
import { createSession, type Feeds, type SessionOptions } from '../session.ts';
import { type FormProbe, PORTABLE_FORMS, type PortableForm } from './forms.ts';

/** What float32 may be off by; a device that is further off computes something else. */
const TOLERANCE = 1e-5;

const chosen = new Map<string, Promise<Lowering>>();

/**
 * The lowering for a device other than the CPU: each operator in its usual form where the device computes that itself,
 * and in the portable one where not. It is tried out once for a device, and remembered.
 */
export function loweringFor(device: string): Promise<Lowering> {
  const known = chosen.get(device) ?? tryForms(device).then(withForms);
  chosen.set(device, known);
  return known;
}

/** The forms whose usual writing a device lacks. */
export async function tryForms(device: string): Promise<readonly PortableForm[]> {
  const needed: PortableForm[] = [];
  for (const form of PORTABLE_FORMS) {
    const has = await computes(form.probe(), { device, strict: device !== 'cpu' });
    if (!has) needed.push(form);
  }
  return needed;
}

/** Standard ONNX, with these operators in their portable form. */
export function withForms(forms: readonly PortableForm[]): Lowering {
  const pixels = forms.find((form) => form.pixels !== undefined)?.pixels;
  return {
    ...STANDARD,
    rules: Object.assign({}, ...forms.map(({ rules }) => rules)) as Lowering['rules'],
    ...(pixels !== undefined && { pixels }),
  };
}

/** Every operator in its portable form. */
export const PORTABLE: Lowering = withForms(PORTABLE_FORMS);

async function computes(
  { graph, feeds, expected }: FormProbe,
  options: SessionOptions,
): Promise<boolean> {
  const y = { shape: graph.outputs.get('y')?.shape ?? [], data: new Float32Array(expected.length) };
  try {
    const session = await createSession(lower(graph, { name: 'probe of a form' }), options);
    try {
      await session.run(feeds satisfies Feeds, new Map([['y', y]]));
    } finally {
      await session.release();
    }
  } catch {
    // Whatever the reason: the portable form will do, or fail and say so.
    return false;
  }
  return expected.every(
    (value, index) => Math.abs((y.data[index] ?? Number.NaN) - value) < TOLERANCE,
  );
}
