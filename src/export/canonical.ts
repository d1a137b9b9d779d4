import { join } from 'node:path';
import { readSafetensors, writeSafetensors } from '../formats/safetensors.ts';
import type { Exporter } from './exporter.ts';
import { modelCard } from './model.ts';
import { code, readme } from './readme.ts';

const INSIDE = 'nothing: the file holds the weights alone';

/** Every tensor under its canonical name, which vggtune itself starts from again. */
export const exporter: Exporter = {
  async write({ model, folder, description }) {
    const card = modelCard(model, INSIDE);
    await writeSafetensors(join(folder, 'model.safetensors'), model.weights, description);
    const start = 'vggtune train DATA --weights model.safetensors';
    const body = `Names and layouts are vggtune's own (\`conv1_1.weight\` OIHW, \`fc8.weight\` [out, in], flattened as C, H, W). To fine-tune further:\n\n${code('sh', start)}`;
    return { card, readme: readme(model, { title: 'safetensors', inside: INSIDE, body }) };
  },
  check: {
    by: 'reader',
    read: async (folder) => (await readSafetensors(join(folder, 'model.safetensors'))).tensors,
  },
};
