/** A smooth function at a point. The gradient is valid until the next call. */
export interface Evaluation {
  readonly value: number;
  readonly gradient: Float64Array;
}
export type Objective = (point: Float64Array) => Promise<Evaluation>;

export interface Minimum {
  readonly point: Float64Array;
  readonly value: number;
  readonly iterations: number;
  /** Whether the largest component of the gradient fell below the tolerance. */
  readonly converged: boolean;
}

export interface MinimiseOptions {
  readonly start: Float64Array;
  /** The largest component of the gradient at which the search ends. */
  readonly tolerance: number;
  readonly iterations: number;
  /** A step that gains less than this share of the value ends the search. */
  readonly gain?: number;
  /**
   * The approximate diagonal of the Hessian at the start, with positive entries; requested once, after the
   * value there.
   */
  readonly curvatures?: () => Float64Array;
}

/** Pairs of steps and changes of the gradient that are kept: Nocedal and Wright advise 3 to 20. */
const MEMORY = 10;
/** The share of the decrease promised by the slope that a step must achieve (Armijo's condition). */
const SUFFICIENT = 1e-4;
const MOST_TRIALS = 30;
/** Changes of the value below this share of it are rounding: programs compute in float32. */
const PRECISION = 2 ** -23;

/**
 * L-BFGS (Nocedal and Wright 2006, algorithm 7.5) with a backtracking line search, for convex functions:
 * the change of a convex function's gradient never points against the step, so that Armijo's condition
 * alone keeps the approximation of the Hessian positive. Steps that bring no decrease at the precision of
 * the function end the search.
 */
export async function minimise(f: Objective, options: MinimiseOptions): Promise<Minimum> {
  const { tolerance, iterations, gain = PRECISION } = options;
  let point = options.start;
  let { value, gradient } = copied(await f(point));
  const known: Known = { curvatures: options.curvatures?.(), pairs: [] };
  let done = 0;
  while (done < iterations && largest(gradient) > tolerance) {
    const step = await lineSearch(f, {
      point,
      value,
      gradient,
      direction: direction(known, gradient),
    });
    if (step === undefined) break;
    remember(known.pairs, { from: { point, gradient }, to: step });
    const gained = value - step.value;
    ({ point, value, gradient } = step);
    done++;
    if (gained <= gain * Math.max(1, Math.abs(value))) break;
  }
  return { point, value, iterations: done, converged: largest(gradient) <= tolerance };
}

interface State extends Evaluation {
  readonly point: Float64Array;
}

/** One step s and the change y that it made to the gradient. */
interface Pair {
  readonly s: Float64Array;
  readonly y: Float64Array;
  readonly rho: number;
}

/** The current knowledge of the Hessian. */
interface Known {
  /** Its diagonal at the start; absent: as if it were the same everywhere. */
  readonly curvatures: Float64Array | undefined;
  readonly pairs: Pair[];
}

/** Minus the gradient, times the inverse Hessian as far as it is known: the two-loop recursion. */
function direction({ curvatures, pairs }: Known, gradient: Float64Array): Float64Array {
  const q = new Float64Array(gradient.length);
  addScaled(q, -1, gradient);
  const alphas = pairs.map(() => 0);
  for (let k = pairs.length - 1; k >= 0; k--) {
    const { s, y, rho } = pairs[k] as Pair;
    const alpha = rho * dot(s, q);
    alphas[k] = alpha;
    addScaled(q, -alpha, y);
  }
  const scale = lastScale({ curvatures, pairs }, q);
  if (curvatures === undefined) for (let i = 0; i < q.length; i++) q[i] = scale * (q[i] as number);
  else divide(q, curvatures, scale);
  pairs.forEach(({ s, y, rho }, k) => {
    addScaled(q, (alphas[k] ?? 0) - rho * dot(y, q), s);
  });
  return q;
}

/** The ratio of the last step to the step by the curvatures alone. */
function lastScale({ curvatures, pairs }: Known, q: Float64Array): number {
  const last = pairs.at(-1);
  if (last !== undefined) {
    const y = last.y.slice();
    if (curvatures !== undefined) divide(y, curvatures, 1);
    return 1 / (last.rho * dot(last.y, y));
  }
  // Where nothing is known of the curvature, the first step has the length one.
  return curvatures === undefined ? 1 / Math.max(1, Math.sqrt(dot(q, q))) : 1;
}

async function lineSearch(
  f: Objective,
  from: State & { readonly direction: Float64Array },
): Promise<State | undefined> {
  const slope = dot(from.gradient, from.direction);
  const least = PRECISION * Math.max(1, Math.abs(from.value));
  let length = 1;
  // A step that promises less than rounding hides is none; nor is one uphill.
  for (let trial = 0; trial < MOST_TRIALS && -slope * length > least; trial++) {
    const point = from.point.slice();
    addScaled(point, length, from.direction);
    const found = await f(point);
    if (found.value <= from.value + SUFFICIENT * length * slope) {
      return { point, ...copied(found) };
    }
    // The minimum of the parabola through both values and the slope, kept within a tenth and a half.
    const curved = -slope / (2 * ((found.value - from.value) / length - slope));
    const share = Number.isFinite(curved) ? Math.min(0.5, Math.max(0.1, curved)) : 0.1;
    length *= share;
  }
  return undefined;
}

function remember(
  pairs: Pair[],
  { from, to }: { readonly from: Omit<State, 'value'>; readonly to: State },
): void {
  const s = to.point.slice();
  addScaled(s, -1, from.point);
  const y = to.gradient.slice();
  addScaled(y, -1, from.gradient);
  const curvature = dot(s, y);
  // Nothing but rounding is left of a change this small.
  if (curvature <= 1e-10 * dot(y, y)) return;
  pairs.push({ s, y, rho: 1 / curvature });
  if (pairs.length > MEMORY) pairs.shift();
}

const copied = ({ value, gradient }: Evaluation): Evaluation => ({
  value,
  gradient: gradient.slice(),
});

/** Four sums side by side: one alone waits for each of its additions, and this is where the time goes. */
function dot(a: Float64Array, b: Float64Array): number {
  let [first, second, third, fourth] = [0, 0, 0, 0];
  const even = a.length - (a.length % 4);
  for (let i = 0; i < even; i += 4) {
    first += (a[i] as number) * (b[i] as number);
    second += (a[i + 1] as number) * (b[i + 1] as number);
    third += (a[i + 2] as number) * (b[i + 2] as number);
    fourth += (a[i + 3] as number) * (b[i + 3] as number);
  }
  for (let i = even; i < a.length; i++) first += (a[i] as number) * (b[i] as number);
  return first + second + (third + fourth);
}

function addScaled(to: Float64Array, factor: number, from: Float64Array): void {
  for (let i = 0; i < to.length; i++) to[i] = (to[i] as number) + factor * (from[i] as number);
}

function divide(values: Float64Array, by: Float64Array, factor: number): void {
  for (let i = 0; i < values.length; i++) {
    values[i] = (factor * (values[i] as number)) / (by[i] as number);
  }
}

function largest(values: Float64Array): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i] as number));
  return most;
}
