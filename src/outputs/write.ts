import { mkdirSync, writeFileSync } from 'node:fs';
import { schemaFiles } from './index.ts';

/** The entry of the build that publishes the schemas. */
const folder = new URL('../../presets/schemas/', import.meta.url);
mkdirSync(folder, { recursive: true });
for (const { name, text } of schemaFiles()) writeFileSync(new URL(name, folder), text);
