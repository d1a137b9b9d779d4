import type { Shape } from '../base/tensor.ts';

/** How a published tensor becomes a canonical one. */
export type Layout =
  /** As it is. */
  | 'same'
  /** Convolution kernels: Keras's [H, W, in, out] to [out, in, H, W]. */
  | 'hwio'
  /** Dense kernels: [in, out] to [out, in]. */
  | 'transpose'
  /** fc6 of Keras: [H * W * C, out] to [out, C * H * W]. */
  | 'transpose-hwc'
  /** Dense kernels written as convolutions: [out, in, H, W] to [out, in * H * W]. */
  | 'flatten'
  /** A bias that the file does not have, because a batch norm follows: zeros. */
  | 'zeros';

export interface SourceTensor {
  /** The file's own name. */
  readonly name: string;
  readonly layout: Layout;
  /** Canonical. */
  readonly shape: Shape;
  /** Is added to each number: what makes up for another epsilon of a batch norm. */
  readonly shift?: number;
}
