// What is in the package, and nothing else; and what two programs say of its form.
import { spawnSync } from 'node:child_process';

/** The entries of the package: which files each may hold, and how many bytes all of them together. */
const ENTRIES = {
  'package.json': [/^package\.json$/, 10e3],
  'README.md': [/^README\.md$/, 40e3],
  LICENSE: [/^LICENSE$/, 15e3],
  'LICENSES.md': [/^LICENSES\.md$/, 20e3],
  'SECURITY.md': [/^SECURITY\.md$/, 20e3],
  'CHANGELOG.md': [/^CHANGELOG\.md$/, 100e3],
  // README.md leads there; its pictures, which are for the web, do not come with it.
  docs: [/^docs\/([\w/-]+\.md|examples\/[\w.-]+)$/, 500e3],
  bin: [/^bin\/vggtune\.js$/, 5e3],
  // Compiled code, and the declarations of the library; no maps, since the sources that they lead to are not here.
  dist: [/^dist\/([\w/-]+\.(js|d\.ts)|config\/fields\.json)$/, 3e6],
  assets: [
    /^assets\/((completion|report|web)\/[\w.-]+|demo\/(\w+\.(json|md)|img\/twitter\/64\/[\w-]+\.png))$/,
    2e6,
  ],
  presets: [/^presets\/[\w/-]+\.(json|yaml|md|safetensors)$/, 4e6],
};
/** Names that tests, drafts and editors have. */
const LEFT_OVER =
  /(^|\/)(test|tests|fixtures|golden|coverage|bench)\/|\.(test|slow|interop|orig|bak|map|log|tgz)\b|~$/;

/**
 * @param files what `npm pack --json` lists
 * @throws Error with every file that should not be there, and every entry that is missing or too large
 */
export function checkContents(files) {
  const sizes = new Map(Object.keys(ENTRIES).map((name) => [name, 0]));
  const problems = [];
  for (const { path, size } of files) {
    const entry = path.split('/')[0];
    const [allowed] = ENTRIES[entry] ?? [];
    if (allowed?.test(path) !== true || LEFT_OVER.test(path))
      problems.push(`${path} does not belong`);
    else sizes.set(entry, sizes.get(entry) + size);
  }
  for (const [entry, size] of sizes) {
    const [, most] = ENTRIES[entry];
    if (size === 0) problems.push(`${entry} is missing`);
    if (size > most) problems.push(`${entry} has ${size} bytes, more than ${most}`);
  }
  const [some, more] = [problems.slice(0, 10), problems.length - 10];
  if (more > 0) some.push(`and ${more} more`);
  if (some.length > 0) throw new Error(`the package: ${some.join('; ')}`);
}

/**
 * The programs and their words. They are fetched for this alone: attw brings a compiler of its own. That `require` of a
 * module is an error was true before Node.js 20.19, which vggtune wants; test/package/commonjs requires it.
 */
const LINTERS = [
  ['publint@0.3.25', ['publint', '--strict']],
  [
    '@arethetypeswrong/cli@0.18.5',
    ['attw', '--no-emoji', '--ignore-rules', 'cjs-resolves-to-esm', '--'],
  ],
];

/** @throws Error with what publint or attw find in the file of the package */
export function checkForm(tarball) {
  for (const [source, [name, ...words]] of LINTERS) {
    const all = ['exec', '--yes', `--package=${source}`, '--', name, ...words, tarball];
    const { status, stdout, stderr } = spawnSync('npm', all, { encoding: 'utf8' });
    const isSilent = name !== 'publint' || stdout.includes('All good!');
    if (status !== 0 || !isSilent) throw new Error(`${name}:\n${stdout}${stderr}`);
  }
}
