/** A window of adaptive pooling: cells [start, end). */
export interface PoolingWindow {
  readonly start: number;
  readonly end: number;
}

/**
 * The windows along one axis of adaptive pooling from `inputs` cells to `outputs`, as PyTorch's
 * `adaptive_avg_pool2d` has them for any two sizes: window i is [floor(i n / m), ceil((i + 1) n / m)).
 */
export function poolingWindows(inputs: number, outputs: number): readonly PoolingWindow[] {
  return Array.from({ length: outputs }, (_, i) => ({
    start: Math.floor((i * inputs) / outputs),
    end: Math.ceil(((i + 1) * inputs) / outputs),
  }));
}

/** Adaptive average pooling along one axis as a matrix [outputs, inputs]. */
export function poolingMatrix(inputs: number, outputs: number): Float32Array {
  const matrix = new Float32Array(outputs * inputs);
  for (const [row, { start, end }] of poolingWindows(inputs, outputs).entries()) {
    matrix.fill(1 / (end - start), row * inputs + start, row * inputs + end);
  }
  return matrix;
}

/** The same for values on the left of the matrix: [inputs, outputs]. */
export function poolingMatrixTransposed(inputs: number, outputs: number): Float32Array {
  const matrix = poolingMatrix(inputs, outputs);
  return Float32Array.from(matrix, (_, i) => {
    const [input, output] = [Math.floor(i / outputs), i % outputs];
    return matrix[output * inputs + input] ?? 0;
  });
}
