/**
 * A smaller input that still has the property: parts are taken out, large ones first, then bytes are
 * set to zero or to a space.
 * @param {Buffer} bytes
 * @param {(bytes: Buffer) => Promise<boolean>} has
 * @param {number} milliseconds after which it is small enough
 */
export async function minimise(bytes, has, milliseconds = 10_000) {
  const end = performance.now() + milliseconds;
  const late = () => performance.now() > end;
  let best = bytes;
  for (let part = Math.ceil(best.length / 2); part >= 1 && !late(); part = Math.floor(part / 2)) {
    for (let at = 0; at < best.length && !late(); ) {
      const shorter = Buffer.concat([best.subarray(0, at), best.subarray(at + part)]);
      if (await has(shorter)) best = shorter;
      else at += part;
    }
  }
  for (let at = 0; at < best.length && !late(); at++) {
    for (const plain of [0, 0x20]) {
      if (best[at] === 0) break;
      const copy = Buffer.from(best);
      copy[at] = plain;
      if (await has(copy)) best = copy;
    }
  }
  return best;
}
