import { expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/command-list.ts';
import { commandHelp } from '../../src/cli/help.ts';
import { ownEvidence } from '../../src/cli/report/evidence.ts';
import { painter } from '../../src/cli/terminal.ts';
import { CONFIG_FIELDS } from '../../src/config/fields.ts';
import { startSentence } from '../../src/pipeline/prepare/start-weights.ts';

const style = { width: 100, paint: painter(false) };

it.each(COMMANDS.map(({ name }) => name))('help of %s says what each text is', async (name) => {
  const command = await COMMANDS.find((row) => row.name === name)?.load();
  if (command === undefined) throw new Error(name);
  const text = commandHelp(command, command.takesConfig === true ? CONFIG_FIELDS : [], style);
  expect(text).not.toMatch(/--\S+ (TEXT|VALUE)/);
});

it('a reason does not name again what it stands behind', () => {
  const evidence = ['strategy head, as asked for', 'small data'];
  expect(ownEvidence({ strategy: 'head', evidence })).toEqual(['as asked for', 'small data']);
  expect(startSentence('vgg-nano', { source: 'vgg-nano (part of vggtune), Apache-2.0' })).toBe(
    'vgg-nano starts from its own weights (part of vggtune), Apache-2.0',
  );
  expect(startSentence('vgg16', { source: 'weights/a.pth' })).toBe(
    'vgg16 starts from weights/a.pth',
  );
});
