import { mkdirSync, writeFileSync } from 'node:fs';
import { CONFIG_FIELDS } from '../config/fields.ts';
import { FIELDS_FILE } from '../config/listed-fields.ts';
import { schemaFiles } from './index.ts';

/** The entry of the build that publishes the schemas, and writes the list of settings that help reads. */
const folder = new URL('../../presets/schemas/', import.meta.url);
mkdirSync(folder, { recursive: true });
for (const { name, text } of schemaFiles()) writeFileSync(new URL(name, folder), text);
writeFileSync(FIELDS_FILE, JSON.stringify(CONFIG_FIELDS));
