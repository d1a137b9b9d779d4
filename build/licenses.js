// Writes the tables of LICENSES.md: every package that is installed with vggtune, by package-lock.json, with the versions
// that are asked for and its licence. --check writes nothing, and fails where the page is not as it would be written.
// A licence that nobody has looked at is an error.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The licences that were read, and what they ask of somebody who hands vggtune on. */
const LOOKED_AT = {
  MIT: 'keep the notice',
  ISC: 'keep the notice',
  'BSD-2-Clause': 'keep the notice',
  'BSD-3-Clause': 'keep the notice; do not use the names of the authors to recommend anything',
  'Apache-2.0': 'keep the notices, say what was changed',
  'BlueOak-1.0.0': 'keep the notice or a link to it',
  Unlicense: 'nothing',
  'CC0-1.0': 'nothing',
  'LGPL-3.0-or-later':
    'the library is a file of its own, which may be replaced; its source is to be had from its authors',
};
const BEGIN = '<!-- written by node build/licenses.js -->';
const END = '<!-- up to here -->';

const given = process.argv.indexOf('--root');
const root =
  given === -1 ? fileURLToPath(new URL('../', import.meta.url)) : (process.argv[given + 1] ?? '.');
const page = join(root, 'LICENSES.md');

/** The name of a package, from where it lies in node_modules. */
const nameOf = (path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** The packages that are installed with vggtune, not those that it is developed with: name to licence. */
function readPackages() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const { '': own, ...others } = packages;
  const installed = Object.entries(others).filter(
    ([, { dev, devOptional }]) => !dev && !devOptional,
  );
  const asked = new Map();
  for (const each of [own, ...installed.map(([, entry]) => entry)])
    for (const [name, range] of Object.entries({
      ...each.dependencies,
      ...each.optionalDependencies,
    }))
      asked.set(name, (asked.get(name) ?? new Set()).add(range));
  const rows = new Map();
  for (const [path, { license }] of installed) {
    const name = nameOf(path);
    rows.set(name, { name, license, ranges: [...(asked.get(name) ?? [])].sort() });
  }
  const ordered = [...rows.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return { ordered, direct: new Set(Object.keys(own.dependencies)) };
}

/** @throws Error where a licence is missing, or is none of those that were looked at */
function mustBeKnown({ name, license = 'none' }) {
  const parts = license.replace(/[()]/g, '').split(/ (?:AND|OR) /);
  const strange = parts.filter((part) => !(part in LOOKED_AT));
  if (strange.length > 0)
    throw new Error(
      `${name} is under ${strange.join(', ')}, which nobody has looked at: read it, and add it to build/licenses.js with what it asks`,
    );
}

const table = (rows) => [
  '| package | versions | licence |',
  '| --- | --- | --- |',
  ...rows.map(
    ({ name, ranges, license }) =>
      `| ${name} | ${ranges.map((range) => range.replaceAll('|', '\\|')).join(', ')} | ${license} |`,
  ),
];

function section() {
  const { ordered, direct } = readPackages();
  for (const each of ordered) mustBeKnown(each);
  const used = new Set(
    ordered.flatMap(({ license }) => license.replace(/[()]/g, '').split(/ (?:AND|OR) /)),
  );
  return [
    'vggtune itself asks for:',
    '',
    ...table(ordered.filter(({ name }) => direct.has(name))),
    '',
    'These need the following, of which `@img/*` are builds of sharp, one for each platform:',
    '',
    ...table(ordered.filter(({ name }) => !direct.has(name))),
    '',
    '| licence | what it asks of somebody who hands vggtune on with its packages |',
    '| --- | --- |',
    ...Object.entries(LOOKED_AT).flatMap(([name, duty]) =>
      used.has(name) ? [`| ${name} | ${duty} |`] : [],
    ),
  ].join('\n');
}

const text = readFileSync(page, 'utf8');
const [head, rest] = text.split(BEGIN);
const tail = rest?.split(END)[1];
if (tail === undefined) throw new Error(`LICENSES.md has no lines ${BEGIN} and ${END}`);
const written = `${head}${BEGIN}\n\n${section()}\n\n${END}${tail}`;
if (!process.argv.includes('--check')) writeFileSync(page, written);
else if (written !== text)
  throw new Error('LICENSES.md is not as package-lock.json says: run `npm run licenses`');
