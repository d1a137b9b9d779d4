import type { Shape } from '../base/tensor.ts';

/** A tensor under the file's own name. */
export interface NamedShape {
  readonly name: string;
  readonly shape: Shape;
}

/** The tensors of one layer of a file: those whose names differ in their last part alone. */
export interface Module {
  /** The parts of the name before the last: `['model', 'features', '0']`. */
  readonly path: readonly string[];
  /** Its place among the modules of the file. */
  readonly place: number;
  /** 2-D or 4-D: that of a dense layer or of a convolution. */
  readonly kernel: NamedShape | undefined;
  readonly bias: NamedShape | undefined;
  /** The four vectors of a batch norm, in the order weight, bias, running mean, running variance. */
  readonly norm: readonly NamedShape[] | undefined;
  readonly all: readonly NamedShape[];
}

/** What PyTorch, Keras 1 to 3 and converters of Caffe models call the kernel of a layer; Keras 3 counts. */
const KERNEL = /(?:^|_)(?:weights?|kernel|w)(?:_\d+)?(?::0)?$|^0$/i;
const BIAS = /(?:^|_)(?:bias|biases|b)(?:_\d+)?(?::0)?$|^1$/i;
const NORM: readonly RegExp[] = [
  /(?:^|_)(?:weight|gamma|scale)(?::0)?$|^0$/i,
  /(?:^|_)(?:bias|beta|b|offset)(?::0)?$|^1$/i,
  /(?:^|_)(?:(?:running|moving)_)?mean(?::0)?$|^2$/i,
  /(?:^|_)(?:(?:running|moving)_)?var(?:iance)?(?::0)?$|^3$/i,
];

/** The modules of a file, in the order in which their first tensors come. */
export function modulesOf(shapes: ReadonlyMap<string, Shape>): Module[] {
  const groups = new Map<string, NamedShape[]>();
  for (const [name, shape] of shapes) {
    const stem = name.slice(0, Math.max(0, lastSeparator(name)));
    const group = groups.get(stem);
    if (group === undefined) groups.set(stem, [{ name, shape }]);
    else group.push({ name, shape });
  }
  return [...groups].map(([stem, all], place) => {
    const path = stem === '' ? [] : stem.split(/[./]/);
    return { path, place, all, ...rolesOf(all) };
  });
}

function rolesOf(all: readonly NamedShape[]): Pick<Module, 'kernel' | 'bias' | 'norm'> {
  const part = (pattern: RegExp, axes: readonly number[]) =>
    all.find(({ name, shape }) => pattern.test(lastPart(name)) && axes.includes(shape.length));
  const kernel = part(KERNEL, [2, 4]);
  if (kernel !== undefined) return { kernel, bias: part(BIAS, [1]), norm: undefined };
  const vectors = NORM.map((pattern) => part(pattern, [1]));
  const norm = vectors.filter((vector) => vector !== undefined);
  const width = norm[0]?.shape[0];
  const whole = norm.length === NORM.length && norm.every(({ shape }) => shape[0] === width);
  return { kernel: undefined, bias: undefined, norm: whole ? norm : undefined };
}

const lastSeparator = (name: string) => Math.max(name.lastIndexOf('.'), name.lastIndexOf('/'));
const lastPart = (name: string) => name.slice(lastSeparator(name) + 1);

type Order = (a: Module, b: Module) => number;

/** The orders in which the layers of a network may stand, the likelier one first. */
export function ordersOf(listed: boolean): readonly [Order, Order] {
  const byPlace: Order = (a, b) => a.place - b.place;
  const byName: Order = (a, b) => comparePaths(a.path, b.path) || byPlace(a, b);
  return listed ? [byPlace, byName] : [byName, byPlace];
}

/** Numbers in names count as numbers: `conv2d`, `conv2d_2`, `conv2d_10`. */
function comparePaths(a: readonly string[], b: readonly string[]): number {
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const order = compareParts(a[at] ?? '', b[at] ?? '');
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function compareParts(a: string, b: string): number {
  const [x, y] = [a, b].map((text) => text.split(/_?(\d+)/)) as [string[], string[]];
  for (let at = 0; at < Math.min(x.length, y.length); at++) {
    const [p = '', q = ''] = [x[at], y[at]];
    if (p === q) continue;
    return at % 2 === 1 ? Number(p) - Number(q) || (p < q ? -1 : 1) : p < q ? -1 : 1;
  }
  return x.length - y.length;
}

/** Whether a module lies under a path. */
export function isUnder({ path }: Module, prefix: readonly string[]): boolean {
  return prefix.every((part, at) => path[at] === part);
}
