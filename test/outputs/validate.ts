import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';

const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true });

/** A validator of the published schema, by software that has nothing to do with how it was made. */
export function publishedSchema(name: string): (document: unknown) => readonly string[] {
  const path = new URL(`../../presets/schemas/${name}.json`, import.meta.url);
  const validate = ajv.compile(JSON.parse(readFileSync(path, 'utf8')) as object);
  return (document) => {
    validate(document);
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  };
}
