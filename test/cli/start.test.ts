import { existsSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/command-list.ts';
import { CONFIG_FIELDS } from '../../src/config/fields.ts';

const SOURCE = resolve(import.meta.dirname, '../../src');

/** The modules that a module loads when it is loaded itself: what it imports for later, or as types, is left out. */
function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const statements = text.matchAll(/^(?:import|export)\s(?!type\s)[^;]*?from '([^']+)';$/gm);
  return [...statements].map(([, name = '']) => name).filter((name) => !name.startsWith('node:'));
}

/** Everything that is loaded with some modules: our own files, relative to `src`, and packages. */
function loadedWith(entries: readonly string[]): { own: string[]; packages: string[] } {
  const own = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string) => {
    const name = relative(SOURCE, file);
    if (own.has(name)) return;
    own.add(name);
    for (const imported of importsOf(file)) {
      if (imported.startsWith('.')) visit(resolve(dirname(file), imported));
      else packages.add(imported);
    }
  };
  for (const entry of entries) visit(resolve(SOURCE, entry));
  return { own: [...own].sort(), packages: [...packages].sort() };
}

/** What `vggtune --help` and `--version` load. */
const START = [
  'base/cache-folder.ts',
  'base/cache-warning.ts',
  'base/errors.ts',
  'base/home.ts',
  'base/storage-from.ts',
  'base/version.ts',
  'cli/command-list.ts',
  'cli/global-options.ts',
  'cli/help.ts',
  'cli/interrupt.ts',
  'cli/main.ts',
  'cli/output.ts',
  'cli/split-command.ts',
  'cli/terminal.ts',
  'cli/width.ts',
];

/** Lists of names, from which commands make the values of their flags. */
const NAMES = [
  'base/suggest.ts',
  'batch/constants.ts',
  'cli/queue-option.ts',
  'cli/config-options.ts',
  'cli/device-flag.ts',
  'cli/network-options.ts',
  'cli/run-orders.ts',
  'config/devices.ts',
  'config/gates.ts',
  'config/issues.ts',
  'config/names.ts',
  'network/catalog.ts',
  'outputs/names.ts',
];

/** The flags that are keys of the config are read off a list, which the build has made of the schema. */
const LIST = ['config/listed-fields.ts'];

it('help and the version load these modules, and no package', () => {
  expect(loadedWith(['cli/main.ts'])).toEqual({ own: START, packages: [] });
});

describe('help of a command loads its flags and nothing that does its work', () => {
  it.each(COMMANDS.map(({ name }) => name))('%s', async (name) => {
    const row = COMMANDS.find((each) => each.name === name);
    const { takesConfig = false } = (await row?.load()) ?? {};
    const file = `cli/commands/${name}.ts`;
    expect(existsSync(resolve(SOURCE, file))).toBe(true);
    const fields = takesConfig ? LIST : [];
    const { own, packages } = loadedWith(['cli/main.ts', file, ...fields]);
    const allowed = [...START, file, ...NAMES, ...fields];
    expect(own.filter((each) => !allowed.includes(each))).toEqual([]);
    expect(packages).toEqual([]);
  });
});

it('the list of settings that the build has written is the one of the schema', () => {
  const written: unknown = JSON.parse(readFileSync('dist/config/fields.json', 'utf8'));
  expect(written).toEqual(JSON.parse(JSON.stringify(CONFIG_FIELDS)));
});
