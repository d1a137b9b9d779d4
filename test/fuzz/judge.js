// What a reader made of one input.

/**
 * @typedef {{kind: 'read' | 'refused' | 'crash', key: string, error?: unknown}} Verdict
 *   key: inputs with one key came to an end in the same place, as far as one can tell
 */

const READ = { kind: 'read', key: 'read' };

/**
 * @param {{read: (bytes: Buffer) => unknown, typed: Function}} reader typed: the class of the errors
 *   that may come out
 * @returns {Promise<Verdict>}
 */
export async function judge({ read, typed }, bytes) {
  try {
    await read(bytes);
    return READ;
  } catch (error) {
    if (error instanceof typed) return { kind: 'refused', key: keyOf(error) };
    return { kind: 'crash', key: crashKey(error), error };
  }
}

/** The words of an error, without what an input can put into them. */
function keyOf({ message, details }) {
  const text = `${message.slice(0, 100)}|${details?.found?.slice(0, 80) ?? ''}`;
  return text.replace(/"[^"]*"?|\d[\d.e+]*/g, '#');
}

/** The error's name, and where in the product it was thrown. */
function crashKey(error) {
  const stack = String(error?.stack ?? error);
  const [, place = ''] = /(?:dist|src)\/([\w/-]+)\.[jt]s:\d+/.exec(stack) ?? [];
  return `${error?.name ?? typeof error}-${place}`;
}
