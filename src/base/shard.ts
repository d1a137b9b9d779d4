/** The share of some work that one of several processes takes. */
export interface Shard {
  /** From 1 to `count`. */
  readonly index: number;
  readonly count: number;
}

/**
 * Whether something falls into a shard, by a hash of what it is: things that come later move none of the others, and
 * shards are of about the same size where there are many things for each.
 * @param hash in hexadecimal, of at least 32 bits
 */
export function isInShard(hash: string, { index, count }: Shard): boolean {
  return Number.parseInt(hash.slice(0, 8), 16) % count === index - 1;
}
