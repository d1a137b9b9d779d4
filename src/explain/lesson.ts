import type { NetworkTotals } from '../network/layer-table.ts';
import type { DenseLesson } from './dense.ts';
import type { KernelLesson } from './kernels.ts';
import type { FieldLesson } from './receptive-field.ts';
import type { StrategyLesson } from './strategies.ts';

/** What is told of a network, in figures that are computed from its layers. */
export type Lesson = FieldLesson | KernelLesson | DenseLesson | StrategyLesson;

/** A lesson, and the network that it is about. */
export interface Explained {
  /** As it was named: a network, a run, or a file. */
  readonly subject: string;
  /** What the subject is, in words. */
  readonly what: string;
  /** Side of the input, in pixels. */
  readonly size: number;
  readonly totals: Pick<NetworkTotals, 'parameters' | 'macs'>;
  readonly lesson: Lesson;
  /** The page that was written; absent where none was asked for. */
  readonly page?: string;
}
