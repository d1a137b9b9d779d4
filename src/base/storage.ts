/**
 * Where data is kept that can be recreated or fetched again. Whoever starts the program chooses it; nothing
 * below reads the environment.
 */
export interface Storage {
  /** The cache folder: downloaded weights, activations, results of scans. */
  readonly folder: string;
  /** The most that cached activations may take, as `20GB` or `none`; 20 GB by default. */
  readonly limit?: string;
  /** The base address of a copy of the published weights. */
  readonly mirror?: string;
}
