// Packs vggtune, installs the package into an empty folder without what it is developed with, and uses it as a stranger
// would: the demo, predict, exports, the library from TypeScript and from CommonJS. --web has TensorFlow.js installed
// by the command that the error gives, and exports what needs it.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkContents, checkForm } from './contents.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'vggtune-package-'));
const folder = join(home, 'empty');
const environment = {
  ...process.env,
  // As README.md says: what CUDA needs is not fetched.
  ONNXRUNTIME_NODE_INSTALL: 'skip',
  VGGTUNE_CACHE: join(home, 'cache'),
  // What is not in the package is not there: no weights are fetched.
  VGGTUNE_MIRROR: 'http://127.0.0.1:9',
};
const MOST_PACKED = 4.5e6;
const MOST_INSTALLED = 400e6;

function pack() {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', home];
  execFileSync(process.execPath, [join(root, 'build/types.js')], { stdio: 'inherit' });
  const [packed] = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8' }));
  report('package', packed.size, MOST_PACKED);
  checkContents(packed.files);
  const tarball = join(home, packed.filename);
  timed('publint and attw', () => checkForm(tarball));
  return tarball;
}

function commandLine() {
  timed('demo', () => vggtune(['demo', 'demo']));
  const image = anImage();
  const guesses = JSON.parse(vggtune(['predict', 'demo/run', image, '--json']));
  check(guesses.predictions[0].guesses[0].probability > 0, 'predict names a class');
  const own = ['onnx', 'onnx-plain', 'onnx-int8', 'onnx-dense', 'safetensors', 'pytorch', 'keras'];
  timed('exports', () =>
    vggtune(['export', 'demo/run', '--out', 'exports', ...own.flatMap((name) => ['-f', name])]),
  );
  for (const format of ['tfjs', 'web', 'savedmodel']) {
    const error = vggtune(['export', 'demo/run', '-f', format, '--out', `no-${format}`], 5);
    check(error.includes(INSTALL), `the error of ${format} says what to install: ${error}`);
  }
  const train = ['train', 'demo/images', '--strategy', 'head', '--out', 'never'];
  vggtune([...train, '--export', 'web'], 5);
  check(!readdirSync(folder).includes('never'), 'nothing is trained that cannot be exported');
}

/** The command that the error gives. */
const INSTALL = 'npm install @tensorflow/tfjs@4 @tensorflow/tfjs-backend-wasm@4';

function webExports() {
  const [, ...args] = INSTALL.split(' ');
  timed('install TensorFlow.js', () => npm(...args, '--no-audit', '--no-fund'));
  const formats = ['tfjs', 'web', 'savedmodel'].flatMap((name) => ['-f', name]);
  timed('web exports', () => vggtune(['export', 'demo/run', '--out', 'web', ...formats]));
}

function library() {
  const image = join(folder, anImage());
  for (const name of ['typescript', 'commonjs']) {
    cpSync(join(root, 'test/package', name), join(folder, name), { recursive: true });
  }
  // The compiler and the types of Node.js are the user's own.
  mkdirSync(join(folder, 'node_modules/@types'), { recursive: true });
  for (const name of ['@types/node', 'undici-types']) {
    cpSync(join(root, 'node_modules', name), join(folder, 'node_modules', name), {
      recursive: true,
    });
  }
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  timed('compile', () => node([compiler, '-p', 'typescript']));
  timed('library', () => node(['typescript/out/use.js', 'demo/images', image]));
  timed('commonjs', () => node(['commonjs/use.cjs', 'demo/run', image]));
}

const anImage = () => `demo/images/food/${readdirSync(join(folder, 'demo/images/food'))[0]}`;
const npm = (...args) => execFileSync('npm', args, { cwd: folder, env: environment });
const vggtune = (args, code = 0) => node(['node_modules/vggtune/bin/vggtune.js', ...args], code);

/** @returns what it printed */
function node(args, code = 0) {
  const options = { cwd: folder, env: environment, encoding: 'utf8' };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, options);
  check(status === code, `${args.join(' ')}: exit ${status}\n${stdout}${stderr}`);
  return code === 0 ? stdout : stderr;
}

function timed(name, work) {
  const began = performance.now();
  const result = work();
  console.log(`${name}: ${((performance.now() - began) / 1000).toFixed(1)} s`);
  return result;
}

function report(name, bytes, most) {
  console.log(`${name}: ${(bytes / 1e6).toFixed(1)} MB`);
  check(bytes <= most, `${name} has at most ${most / 1e6} MB`);
}

function sizeOf(path) {
  const entries = readdirSync(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

function check(holds, what) {
  if (!holds) throw new Error(what);
}

try {
  const tarball = timed('pack', pack);
  mkdirSync(folder);
  timed('install', () => npm('install', '--prefer-offline', '--no-audit', '--no-fund', tarball));
  report('installed', sizeOf(join(folder, 'node_modules')), MOST_INSTALLED);
  commandLine();
  if (process.argv.includes('--web')) webExports();
  library();
  console.log('package: ok');
} finally {
  rmSync(home, { recursive: true, force: true });
}
