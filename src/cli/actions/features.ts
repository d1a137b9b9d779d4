import { ConfigError } from '../../config/issues.ts';
import type { Output } from '../../outputs/index.ts';
import { computeFeatures } from '../../pipeline/features.ts';
import type { Arguments, Context, Outcome } from '../command.ts';
import { configSettings } from '../config-sources.ts';
import { featureLines } from '../report/features.ts';
import { readShard } from '../shard-option.ts';

export async function run(args: Arguments, context: Context): Promise<Outcome<Output<'features'>>> {
  const { storage, emit, signal, environment } = context;
  const part = readShard(args.text('shard'), environment);
  if ('issue' in part) throw new ConfigError([part.issue]);
  const { shard } = part;
  const report = await computeFeatures({
    settings: configSettings(args, environment),
    storage,
    emit,
    signal,
    offline: args.flag('offline'),
    ...(shard !== undefined && { shard }),
  });
  return { document: report, text: featureLines(report, shard).join('\n') };
}
