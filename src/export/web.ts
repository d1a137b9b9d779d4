import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeTfjsLayers } from '../formats/tfjs-layers.ts';
import type { Exporter } from './exporter.ts';
import { type ExportModel, modelCard } from './model.ts';
import { code, readme } from './readme.ts';
import { INSIDE_TFJS, tfjsModel } from './tfjs.ts';
import { tfjsFolders } from './tfjs-packages.ts';

/** The folder of the page's parts in the package, which are used as they are. */
const ASSETS = fileURLToPath(new URL('../../assets/web/', import.meta.url));
const WASM_FILES = [
  'tfjs-backend-wasm.wasm',
  'tfjs-backend-wasm-simd.wasm',
  'tfjs-backend-wasm-threaded-simd.wasm',
];

/** A folder for any static server: the TensorFlow.js model, and one page with all its code inside. */
export const exporter: Exporter = {
  async write({ model, folder, quantize }) {
    await mkdir(join(folder, 'model'));
    await writeTfjsLayers(join(folder, 'model'), tfjsModel(model), quantize);
    const bundles = await tensorflowBundles(join(folder, 'wasm'));
    await writeFile(join(folder, 'index.html'), await page(bundles), { flag: 'wx' });
    return { card: modelCard(model, INSIDE_TFJS), readme: webReadme(model) };
  },
  check: { by: 'tensorflow.js', file: (folder) => join(folder, 'model', 'model.json') },
  quantizes: true,
  refuse: async () => void tfjsFolders(),
};

async function page(bundles: readonly string[]): Promise<string> {
  const [html, preprocess, script] = await Promise.all(
    ['index.html', 'preprocess.js', 'page.js'].map((name) => readFile(join(ASSETS, name), 'utf8')),
  );
  // One script: a page without network has no modules to import.
  const own = `${preprocess}\n${script}`.replace(/^import .*$/gm, '').replace(/^export /gm, '');
  const scripts = bundles.map((text) => `<script>${guarded(text)}</script>`).join('\n');
  return (html ?? '')
    .replace('<!-- tensorflow.js -->', () => scripts)
    .replace('<!-- page.js -->', () => `<script type="module">\n${guarded(own)}</script>`);
}

/** A script may not hold the text that ends it. */
function guarded(text: string): string {
  return text.replace(/<\/script/gi, '<\\/script').replace(/^\/\/# sourceMappingURL=.*$/gm, '');
}

/** The packages' own browser builds; the WebAssembly files are copied beside the page. */
async function tensorflowBundles(wasmFolder: string): Promise<string[]> {
  const [tfjs = '', wasm = ''] = tfjsFolders();
  await mkdir(wasmFolder);
  for (const name of WASM_FILES) {
    await copyFile(join(wasm, 'dist', name), join(wasmFolder, name));
  }
  return await Promise.all([
    readFile(join(tfjs, 'dist', 'tf.min.js'), 'utf8'),
    readFile(join(wasm, 'dist', 'tf-backend-wasm.min.js'), 'utf8'),
  ]);
}

function webReadme(model: ExportModel): string {
  const serve = 'python3 -m http.server 8000   # or: npx serve';
  return readme(model, {
    title: 'web page',
    inside: INSIDE_TFJS,
    body: `Serve this folder with any static server and open it in a browser; nothing is sent anywhere, and no network is needed:\n\n${code('sh', serve)}\n\nThe page resizes images itself, as \`vggtune predict\` does. It computes with WebGL where there is a graphics card and with WebAssembly elsewhere; \`?backend=wasm\`, \`?backend=webgl\` or \`?backend=cpu\` forces one. \`model/\` is a TensorFlow.js layers model that other pages can load.`,
  });
}
