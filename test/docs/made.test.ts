import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/command-list.ts';
import { CONFIG_FIELDS } from '../../src/config/fields.ts';

type Made = Readonly<Record<string, string>>;

interface Generator {
  modules(load: (path: string) => Promise<unknown>): Promise<object>;
  pages(modules: object): Promise<Made>;
  pictures(modules: object): Promise<Made>;
}

const known = new Map<string, Promise<Made>>();

/** What a generator of build/ makes of the program as it stands in src/; it is made once. */
function made(name: 'reference' | 'pictures'): Promise<Made> {
  const files = known.get(name) ?? make(name);
  known.set(name, files);
  return files;
}

async function make(name: 'reference' | 'pictures'): Promise<Made> {
  const path = `../../build/${name}.js`;
  const generator = (await import(/* @vite-ignore */ path)) as Generator;
  const modules = await generator.modules((module) => {
    const source = `../../src/${module}.ts`;
    return import(/* @vite-ignore */ source);
  });
  return name === 'reference' ? generator.pages(modules) : generator.pictures(modules);
}

describe.each(['reference', 'pictures'] as const)('npm run docs:%s', (name) => {
  it('would write what is there', async () => {
    const files = Object.entries(await made(name));
    expect(files.length).toBeGreaterThan(1);
    for (const [path, text] of files) expect(readFileSync(path, 'utf8'), path).toBe(text);
  });
});

it('the reference has every command, every flag and every setting', async () => {
  const { 'docs/reference/commands.md': commands = '', 'docs/reference/settings.md': values = '' } =
    await made('reference');
  for (const { name, load } of COMMANDS) {
    expect(commands).toContain(`\n### ${name}\n`);
    for (const option of (await load()).options) expect(commands).toContain(`\`--${option.name}`);
  }
  for (const { path, flag } of CONFIG_FIELDS) {
    expect(values).toContain(`| \`${path}\` |`);
    expect(values).toContain(`\`--${flag}\``);
  }
});
