// Takes the demo's pictures out of emoji-datasource-twitter into assets/demo, in that package's own form:
//   node bench/demo-pictures.js
import { copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { IMAGES_PER_CLASS } from '../dist/pipeline/demo/demo.js';
import { buildEmojiFolder } from '../dist/pipeline/demo/demo-data.js';
import { EMOJI_PACKAGE as source } from './emoji-package.js';

const require = createRequire(import.meta.url);
const target = fileURLToPath(new URL('../assets/demo/', import.meta.url));
const pictures = ['img', 'twitter', '64'];

const built = join(tmpdir(), `demo-pictures-${process.pid}`);
const { classes } = await buildEmojiFolder({
  source,
  target: built,
  imagesPerClass: IMAGES_PER_CLASS,
});
const names = await Promise.all(Object.keys(classes).map((name) => readdir(join(built, name))));
const chosen = new Set(names.flat());
const emoji = require('emoji-datasource-twitter/emoji.json')
  .filter(({ short_name, has_img_twitter }) => has_img_twitter && chosen.has(`${short_name}.png`))
  .map(({ image, short_name, category, subcategory, has_img_twitter }) => ({
    image,
    short_name,
    category,
    subcategory,
    has_img_twitter,
  }));
await rm(join(target, 'img'), { recursive: true, force: true });
await mkdir(join(target, ...pictures), { recursive: true });
for (const { image } of emoji) {
  await copyFile(join(source, ...pictures, image), join(target, ...pictures, image));
}
const lines = emoji.map((each) => JSON.stringify(each));
await writeFile(join(target, 'emoji.json'), `[\n${lines.join(',\n')}\n]\n`);
await rm(built, { recursive: true });
console.log(`${emoji.length} pictures in ${target}`);
