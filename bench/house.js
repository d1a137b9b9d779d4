/**
 * Figures on how the source is laid out: files, functions, imports that run upward, repetition.
 *
 *   npm run house            a table
 *   npm run house -- --list  also names what was counted
 *   npm run house -- --check fails, with the names, where something is above what MOST allows
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { cruise } from 'dependency-cruiser';
import { glob } from 'glob';
import ts from 'typescript';

/** The folders of src/, the lowest first. An import from a lower one of a higher one runs upward. */
const LAYERS = [
  ['base'],
  ['metrics', 'network', 'formats'],
  ['config'],
  ['run', 'dataset', 'weights', 'advisor', 'engines', 'audit'],
  ['solver', 'training', 'evaluation', 'export', 'tracking'],
  ['report'],
  ['explain'],
  ['pipeline'],
  ['batch'],
  ['search', 'queue'],
  ['outputs'],
  ['cli', 'library'],
];

/** Functions that lay sources of settings over each other, or resolve them. */
const RESOLVERS = [
  ...['resolveConfig', 'resolveWithOrigins', 'mergeSources', 'resolveLayers'],
  ...['declaredStrategy', 'provisionalStrategy'],
];

const LONG_FUNCTION = 40;
/** Two types are near-equal when they have so many keys and share so much of them. */
const LEAST_KEYS = 5;
const NEAR_EQUAL = 0.6;

const files = (await glob('src/**/*.ts')).sort();
const program = ts.createProgram(files, {
  allowImportingTsExtensions: true,
  module: ts.ModuleKind.NodeNext,
  noEmit: true,
  strict: true,
  target: ts.ScriptTarget.ES2023,
});
const checker = program.getTypeChecker();
const sources = files.map((path) => ({ path, tree: program.getSourceFile(path) }));

function visitAll(visit) {
  for (const { path, tree } of sources) {
    const walk = (node) => {
      visit(node, { path, tree });
      ts.forEachChild(node, walk);
    };
    walk(tree);
  }
}

const place = (node, { path, tree }) =>
  `${path}:${tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1}`;

function longFunctions() {
  const found = [];
  visitAll((node, at) => {
    if (!ts.isFunctionLike(node) || node.body === undefined) return;
    const line = (position) => at.tree.getLineAndCharacterOfPosition(position).line;
    const lines = line(node.end) - line(node.getStart(at.tree)) + 1;
    if (lines > LONG_FUNCTION) found.push(`${place(node, at)} (${lines} lines)`);
  });
  return found;
}

function literalSpreads() {
  const found = [];
  visitAll((node, at) => {
    if (ts.isSpreadAssignment(node) && ts.isObjectLiteralExpression(node.expression)) {
      found.push(place(node, at));
    }
  });
  return found;
}

function resolverCalls() {
  const found = [];
  visitAll((node, at) => {
    if (at.path.startsWith('src/config/') || !ts.isCallExpression(node)) return;
    const { expression } = node;
    const isNamed = ts.isIdentifier(expression) && RESOLVERS.includes(expression.text);
    if (isNamed || isSettingsFor(expression)) found.push(place(node, at));
  });
  return found;
}

function isSettingsFor(expression) {
  if (!ts.isPropertyAccessExpression(expression) || expression.name.text !== 'for') return false;
  return checker.getTypeAtLocation(expression.expression).symbol?.name === 'Settings';
}

/** Interfaces that are mostly one another, the keys that they inherit among them. */
function nearEqualTypes() {
  const types = [];
  visitAll((node, at) => {
    if (!ts.isInterfaceDeclaration(node)) return;
    const keys = checker.getPropertiesOfType(checker.getTypeAtLocation(node)).map((p) => p.name);
    const bases = basesOf(checker.getTypeAtLocation(node));
    if (keys.length >= LEAST_KEYS) types.push({ name: node.name.text, path: at.path, keys, bases });
  });
  return types.flatMap((one, i) =>
    types.slice(i + 1).flatMap((other) => {
      // A type that extends another does not repeat it.
      if (one.bases.includes(other.name) || other.bases.includes(one.name)) return [];
      if (one.bases.some((base) => other.bases.includes(base))) return [];
      const shared = one.keys.filter((key) => other.keys.includes(key)).length;
      const share = shared / (one.keys.length + other.keys.length - shared);
      if (share < NEAR_EQUAL) return [];
      return [`${one.path} ${one.name}, ${other.path} ${other.name} (${share.toFixed(2)})`];
    }),
  );
}

/** The names of the types that a type extends, and of those that these extend; those inside `Omit` and the like, too. */
function basesOf(type) {
  const bases = type.getBaseTypes?.() ?? [];
  return bases.flatMap((base) => {
    const inside = (base.aliasTypeArguments ?? []).filter(
      (argument) => argument.symbol !== undefined,
    );
    return [base, ...inside].flatMap((one) => [one.symbol.name, ...basesOf(one)]);
  });
}

function exportedTwice() {
  const names = new Map();
  for (const { path, tree } of sources) {
    ts.forEachChild(tree, (node) => {
      if (!ts.isFunctionDeclaration(node) || node.name === undefined) return;
      if (!node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) return;
      names.set(node.name.text, [...(names.get(node.name.text) ?? []), path]);
    });
  }
  return [...names]
    .filter(([, at]) => at.length > 1)
    .map(([name, at]) => `${name}: ${at.join(' ')}`);
}

function sameFileNames() {
  const names = new Map();
  for (const path of files) names.set(basename(path), [...(names.get(basename(path)) ?? []), path]);
  return [...names]
    .filter(([, at]) => at.length > 1)
    .map(([name, at]) => `${name}: ${at.join(' ')}`);
}

/** Lines of source that match, outside of some folder. */
function lines(pattern, outside = '^$') {
  return files
    .filter((path) => !new RegExp(outside).test(path))
    .flatMap((path) =>
      readFileSync(path, 'utf8')
        .split('\n')
        .flatMap((line, at) => (pattern.test(line) ? [`${path}:${at + 1}`] : [])),
    );
}

function heightOf(path) {
  const folder = path.split('/')[1] ?? '';
  const height = LAYERS.findIndex((folders) => folders.includes(folder));
  if (height < 0) throw new Error(`src/${folder} has no place in LAYERS of bench/house.js`);
  return height;
}
const folderOf = (path) => path.split('/').slice(0, -1).join('/');

async function imports() {
  const { output } = await cruise(['src'], {
    doNotFollow: { path: 'node_modules' },
    includeOnly: '^src/',
    tsPreCompilationDeps: true,
    ruleSet: {},
  });
  return output.modules.flatMap(({ source, dependencies }) =>
    dependencies.map(({ resolved }) => ({ from: source, to: resolved })),
  );
}

const all = await imports();
const upward = all.filter(({ from, to }) => heightOf(from) < heightOf(to));
const between = all.filter(({ from, to }) => folderOf(from) !== folderOf(to));
const mutual = between.filter(({ from, to }) =>
  between.some(
    (back) => folderOf(back.from) === folderOf(to) && folderOf(back.to) === folderOf(from),
  ),
);
const arrows = (edges) => edges.map(({ from, to }) => `${from} -> ${to}`);
const drawer = files.filter((path) => folderOf(path) === 'src/pipeline');
const counts = sources.map(({ tree }) => tree.getLineStarts().length - 1).sort((a, b) => a - b);

const rows = [
  ['files', files],
  ['median lines of a file', counts[Math.floor(counts.length / 2)]],
  ['files over 300 lines', counts.filter((count) => count > 300).length],
  [`functions over ${LONG_FUNCTION} lines`, longFunctions()],
  ['files directly in src/pipeline', drawer],
  ['imports that run upward between the folders of src', arrows(upward)],
  ['imports between two folders that import each other', arrows(mutual)],
  ['calls of config resolution outside src/config', resolverCalls()],
  ['pairs of near-equal types', nearEqualTypes()],
  ['spreads of object literals', literalSpreads()],
  ['process.env below src/cli', lines(/process\.env/, '^src/cli/')],
  ['docstrings that begin with "Of"', lines(/^\s*(\/\*\*|\*) Of\b/)],
  ['exported functions of one name', exportedTwice()],
  ['file names that occur twice', sameFileNames()],
];

/** What `--check` allows; what is not here is only counted. */
const MOST = {
  'files over 300 lines': 0,
  [`functions over ${LONG_FUNCTION} lines`]: 0,
  'imports that run upward between the folders of src': 0,
  'spreads of object literals': 0,
  'process.env below src/cli': 0,
  'docstrings that begin with "Of"': 0,
};

const withNames = process.argv.includes('--list');
const isCheck = process.argv.includes('--check');
for (const [what, found] of rows) {
  const isList = Array.isArray(found);
  const count = isList ? found.length : found;
  const isTooMuch = isCheck && count > (MOST[what] ?? Number.POSITIVE_INFINITY);
  if (isTooMuch) process.exitCode = 1;
  if (!isCheck || isTooMuch) console.log(`${String(count).padStart(6)}  ${what}`);
  if (!(withNames || isTooMuch) || !isList || found === files) continue;
  for (const each of found) console.log(`          ${each}`);
}
