import { environmentSource } from '../config/environment.ts';
import { CONFIG_FIELDS } from '../config/fields.ts';
import type { ConfigIssue } from '../config/issues.ts';
import { loadConfigFile } from '../config/load-file.ts';
import { PRESETS } from '../config/names.ts';
import { presetSource } from '../config/presets.ts';
import type { ConfigSource } from '../config/setting-sources.ts';
import { Settings } from '../config/settings.ts';
import { textSource } from '../config/texts.ts';
import type { Arguments } from './command.ts';

/** All sources of a config, weakest first: preset, files, environment, flags. */
export function configSources(
  args: Arguments,
  environment: NodeJS.ProcessEnv,
  more: readonly ConfigIssue[] = [],
): ConfigSource[] {
  const preset = PRESETS.find((name) => name === args.text('preset'));
  const flags = textSource('flags', [...folderFlag(args), ...args.config]);
  return [
    ...(preset === undefined ? [] : [presetSource(preset)]),
    ...args.list('config').flatMap(loadConfigFile),
    environmentSource(environment),
    { ...flags, issues: [...args.issues, ...more, ...(flags.issues ?? [])] },
  ];
}

/** The settings that flags, files and the environment give. */
export function configSettings(
  args: Arguments,
  environment: NodeJS.ProcessEnv,
  more: readonly ConfigIssue[] = [],
): Settings {
  return Settings.of(...configSources(args, environment, more));
}

/** `train photos` means `--data photos`. */
function folderFlag({ positionals }: Arguments) {
  const field = CONFIG_FIELDS.find(({ path }) => path === 'data');
  const [text] = positionals;
  return field === undefined || text === undefined ? [] : [{ field, text, name: 'FOLDER' }];
}
