import type { Output } from '../../outputs/index.ts';
import { advise } from '../../pipeline/advise.ts';
import type { Arguments, Context, Outcome } from '../command.ts';
import { configSettings } from '../config-sources.ts';
import { adviceLines } from '../report/advice.ts';

export async function run(args: Arguments, context: Context): Promise<Outcome<Output<'advise'>>> {
  const { terminal, storage, emit, signal, environment } = context;
  const settings = configSettings(args, environment);
  const offline = args.flag('offline');
  const estimates = !args.flag('skip-estimates');
  const report = await advise({ settings, estimates, offline, storage, signal, emit });
  return { document: report, text: adviceLines(report, terminal).join('\n') };
}
