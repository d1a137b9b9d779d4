// How long each step of the stranger took, and what it left on the disk.

/** @param account whose home folder is weighed */
export function openDiary(account) {
  const line = (cells) => console.log(`| ${cells.join(' | ')} |`);
  line(['step', 'time', 'MB left by it']);
  line(['---', '---', '---']);

  /** Does a step under its name, and writes its line. */
  return async function step(name, work) {
    const before = account.bytes();
    const began = performance.now();
    const result = await work();
    const seconds = (performance.now() - began) / 1000;
    const megabytes = (account.bytes() - before) / 1e6;
    line([`\`${name}\``, `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`, megabytes.toFixed(1)]);
    return result;
  };
}
