/**
 * The matrices of Winograd's minimal filtering F(4, 3): four outputs of a filter with three taps
 * from six inputs, by six products instead of twelve (Winograd 1980; for convolutions Lavin and
 * Gray 2016, whose names AT, G and BT these are).
 *
 * A filter is a product of polynomials read backwards. Let g be the filter as a polynomial of degree
 * 2 and a one of degree 3; their product s = a g has degree 5, and is fixed by its values at six
 * points, where each value is one product a(p) g(p). With E_k the matrix that takes the k
 * coefficients of a polynomial to its values at the six points,
 *
 *   s = E_6⁻¹ (E_4 a ⊙ E_3 g).
 *
 * For a fixed g this is a linear map from a to s, and filtering is its transpose: it takes six
 * inputs d to four outputs
 *
 *   y = E_4ᵀ (E_3 g ⊙ E_6⁻ᵀ d),   so that AT = E_4ᵀ, G = E_3, BT = E_6⁻ᵀ.
 *
 * E_6⁻¹ interpolates, by Lagrange: its column for the point p_i are the coefficients of
 * Π_{j≠i} (x - p_j) / f_i with f_i = Π_{j≠i} (p_i - p_j), and for the point at infinity, where the
 * value of a polynomial is its leading coefficient, those of Π_j (x - p_j). The divisors f_i are
 * moved from BT to G.
 *
 * Any distinct points will do in exact arithmetic. In float32 the usual 0, ±1, ±2, ∞ have an rms
 * error of 9.8e-7 on a convolution of 512 channels; these have 5.3e-7, because powers of 1.5 grow
 * less than those of 2.
 */
const POINTS = [0, 0.75, -0.75, 1.5, -1.5];

/** Outputs along a side of a tile, inputs along it, and points in two dimensions. */
export const TILE = 4;
export const PATCH = 6;
export const POINT_COUNT = PATCH * PATCH;

type Matrix = readonly (readonly number[])[];

/** Values at the points, the last one infinity, of the monomials 1, x, ... of a polynomial. */
function evaluation(coefficients: number): Matrix {
  const finite = POINTS.map((p) => Array.from({ length: coefficients }, (_, power) => p ** power));
  return [
    ...finite,
    Array.from({ length: coefficients }, (_, k) => Number(k === coefficients - 1)),
  ];
}

/** Coefficients of Π (x - root), lowest first. */
function polynomial(roots: readonly number[]): number[] {
  const product = [1, ...roots.map(() => 0)];
  roots.forEach((root, degree) => {
    for (let k = degree + 1; k >= 0; k--) product[k] = at(product, k - 1) - root * at(product, k);
  });
  return product;
}

const at = (coefficients: readonly number[], k: number) => coefficients[k] ?? 0;

function without(index: number): number[] {
  return POINTS.filter((_, other) => other !== index);
}

const divisors = [
  ...POINTS.map((p, index) => without(index).reduce((product, q) => product * (p - q), 1)),
  1,
];

const AT = transpose(evaluation(TILE));
const G = evaluation(3).map((row, point) => row.map((value) => value / (divisors[point] ?? 1)));
const BT = [...POINTS.map((_, index) => [...polynomial(without(index)), 0]), polynomial(POINTS)];

function transpose(matrix: Matrix): Matrix {
  return (matrix[0] ?? []).map((_, column) => matrix.map((row) => row[column] ?? 0));
}

/** The same map along rows and columns at once: (a ⊗ a)[(i, k), (j, l)] = a[i, j] a[k, l]. */
function squared(a: Matrix): Matrix {
  return a.flatMap((row) => a.map((other) => row.flatMap((x) => other.map((y) => x * y))));
}

/** Entry y * 4 + x of a tile stands at this place: see `tiling.ts` for the reason. */
export function positionInTile(y: number, x: number): number {
  return ((y % 2) * 2 + (x % 2)) * 4 + (y >> 1) * 2 + (x >> 1);
}

function inTileOrder(rows: Matrix): Matrix {
  const ordered: (readonly number[])[] = [];
  rows.forEach((row, entry) => {
    ordered[positionInTile(Math.floor(entry / TILE), entry % TILE)] = row;
  });
  return ordered;
}

function constant(key: string, matrix: Matrix) {
  const shape = [matrix.length, matrix[0]?.length ?? 0];
  return { key, shape, data: Float32Array.from(matrix.flat()) };
}

/** [36, 36]: a patch of 6 x 6 inputs to its values at the points. */
export const INPUT_TRANSFORM = constant('input transform', squared(BT));
/** [16, 36]: products at the points to a tile of 4 x 4 outputs. */
export const OUTPUT_TRANSFORM = constant('output transform', inTileOrder(squared(AT)));
/** [36, 16]: the gradient of a tile to that of the products, which is the transpose. */
export const GRADIENT_TRANSFORM = constant(
  'gradient transform',
  transpose(inTileOrder(squared(AT))),
);
/** [36, 9]: a kernel of 3 x 3 to its values at the points. */
export const KERNEL_TRANSFORM = constant('kernel transform', squared(G));
/** [36, 9]: the same of the kernel turned by half a circle. */
export const TURNED_KERNEL_TRANSFORM = constant(
  'turned kernel transform',
  squared(G).map((row) => row.toReversed()),
);
