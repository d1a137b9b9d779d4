import { readFileSync } from 'node:fs';
import { globSync } from 'glob';

/** A fenced block of a page. */
export interface Snippet {
  readonly page: string;
  /** The line of the page on which the block begins. */
  readonly line: number;
  /** The word behind the fence: `sh`, `text`. */
  readonly kind: string;
  readonly text: string;
}

/** The fenced blocks of README and docs, in their order. */
export function readSnippets(root = '.'): Snippet[] {
  const pages = ['README.md', ...globSync('docs/**/*.md', { cwd: root, posix: true }).sort()];
  return pages.flatMap((page) => {
    const text = readFileSync(`${root}/${page}`, 'utf8');
    return [...text.matchAll(/^( *)```(.*)\n([\s\S]*?)^\1```$/gm)].map((match) => ({
      page,
      line: text.slice(0, match.index).split('\n').length,
      kind: match[2] ?? '',
      text: match[3] ?? '',
    }));
  });
}

/** The commands of a shell snippet: a line each, or several that a backslash joins. */
export function commandsOf({ text }: Snippet): string[] {
  return text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map((line) => line.replace(/\s+#.*$/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/**
 * Commands that the tests of snippets do not run, by how they begin, and why. What they name (scripts of package.json,
 * files) is checked all the same.
 */
export const NOT_RUN: Readonly<Record<string, string>> = {
  'npm ci && npx vggtune demo': 'it installs; the demo is run by test/package/run.js',
  'npm ci && npm test': 'it would run itself',
  'ONNXRUNTIME_NODE_INSTALL=skip npm install': 'it installs; test/package/run.js does that',
  'npx vggtune demo': 'it takes a minute; test/package/run.js runs it',
  'ONNXRUNTIME_NODE_INSTALL=true node': 'it fetches the libraries of CUDA',
  'npm install bullmq': 'it installs; the repository has both packages',
  "vggtune batch 'configs/*.yaml' --queue": 'it wants a broker; test/queue/main.js has one',
  'vggtune worker --queue': 'it wants a broker; test/queue/main.js has one',
  'vggtune runs list --queue': 'it wants a broker; test/queue/main.js has one',
  'npm install --no-save': 'it fetches hundreds of megabytes of pictures',
  'apt-get install': 'it installs packages of Debian',
  'npm run build': 'it is what runs before these tests',
  'node bench/': 'it measures for hours',
  'VGGTUNE_REAL_VGG16=': 'it measures for hours, with weights that are not in the repository',
  'python bench/': 'it measures for hours, beside PyTorch',
  'docker ': 'it wants Docker',
  'npm install @tensorflow/tfjs@4': 'it installs; test/package/run.js --web does that',
  'python3 -m http.server':
    'it serves until it is stopped; test/stranger/main.js opens what it serves',
  'python3 -m venv': 'it installs packages of Python',
  'heif-convert ': 'it wants the tools of libheif, and a photograph of a phone',
  'sips ': 'it wants macOS',
  'TRACKING_PYTHON=': 'it wants TensorBoard and MLflow; .ci/run installs them and runs it',
  'npm run test:fuzz': 'it takes minutes; test/fuzz has short ones',
  'npm run test:mutation': 'it takes hours',
  'npm run test:webgpu': 'it wants a browser or a graphics card',
  VGGTUNE_TEST_: 'it wants a browser or a graphics card',
  'vggtune train photos --device webgpu': 'it wants a graphics card',
};

/** Kinds of blocks that no test here runs, and why. */
export const NOT_RUN_KINDS: Readonly<Record<string, string>> = {
  text: 'it shows what is printed, or what lies where',
  python: 'it shows what is written for other tools',
  powershell: 'it is for Windows; its command is one that other snippets run',
};
