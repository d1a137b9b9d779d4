import { mkdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { auditCsv, auditRows } from '../audit/audit-csv.ts';
import type { AuditFindings, AuditReport } from '../audit/findings.ts';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { interruptedError, usageError, VggtuneError } from '../base/errors.ts';
import type { Settings } from '../config/settings.ts';
import { readDecisions } from '../dataset/decisions.ts';
import { printablePath } from '../dataset/file-names.ts';
import { groupNearDuplicates } from '../dataset/near-duplicate-groups.ts';
import { auditPage } from '../report/audit/audit-page.ts';
import { refuseForeignPage } from '../report/own-page.ts';
import { copiesOf, labelSuspects, oddLooks, outliersOf } from './audit/findings.ts';
import { imageFeatures } from './audit/image-features.ts';
import { findWrongLabels, type LabelFindings } from './audit/label-findings.ts';
import { readIndex } from './prepare/data.ts';
import { withBackbone } from './prepare/default-backbone.ts';
import type { WorkContext } from './prepare/work-context.ts';

export interface AuditRequest extends WorkContext {
  /** The settings; a strategy that they name is ignored. */
  readonly settings: Settings;
  /** The folder for `audit.csv` and `audit.html`; by default the current one. */
  readonly out?: string;
  /** Replaces an `audit.csv` that holds decisions. */
  readonly overwrite?: boolean;
}

/**
 * Looks for what is wrong with a data set: labels that are probably wrong, copies with different labels or on different
 * sides, images that are out of place, and such as show nothing. It changes nothing, and writes a CSV and a page.
 * @throws VggtuneError when the settings or the data are wrong, weights cannot be had, or a file of somebody else is in
 *   the way
 */
export async function audit(request: AuditRequest): Promise<AuditReport> {
  const { emit, signal, storage } = request;
  const settings = await withBackbone(auditSettings(request.settings), request);
  const config = settings.for();
  const out = resolve(request.out ?? '.');
  const files = { csv: join(out, 'audit.csv'), page: join(out, 'audit.html') };
  await refuseForeignPage(files.page);
  if (request.overwrite !== true) await refuseDecided(files.csv);
  const index = await readIndex(config, request);
  const { background, maxPixels } = config.image;
  const seen = { cache: storage.folder, background, maxPixels, emit, signal };
  const groups = await groupNearDuplicates(index, seen);
  const features = await imageFeatures(config, { index, groups }, request);
  emit({ type: 'stage', stage: 'audit', message: 'looking for wrong labels' });
  const labels = await findWrongLabels(features);
  const looks = await oddLooks(index, { background, signal });
  if (signal.aborted) throw interruptedError('interrupted while the images were looked at');
  const { classes } = index;
  const findings: AuditFindings = {
    suspects: labels === undefined ? [] : labelSuspects(features, labels, classes),
    copies: copiesOf(index, groups),
    outliers: outliersOf(features, classes),
    looks,
    pairs: namedPairs(labels, classes),
    broken: index.skipped.map(({ path, reason }) => ({ path: printablePath(path), reason })),
  };
  const report: AuditReport = {
    folder: index.root,
    images: index.images.length,
    classes,
    backbone: config.backbone,
    weights: features.source,
    labels: labels === undefined ? null : judged(labels),
    ...findings,
    ...files,
  };
  await mkdir(out, { recursive: true });
  await writeAudit(report, { index, background, emit });
  return report;
}

async function writeAudit(
  report: AuditReport,
  of: Parameters<typeof auditPage>[1] & Pick<AuditRequest, 'emit'>,
): Promise<void> {
  const { csv, page } = report;
  const rows = auditRows(report);
  await writeFileAtomic(csv, auditCsv(rows));
  of.emit({ type: 'file', path: csv, what: 'the suspects' });
  await writeFileAtomic(page, await auditPage({ ...report, rows }, of));
  of.emit({ type: 'file', path: page, what: 'the page of suspects' });
}

/** @throws VggtuneError (usage) where a file would be replaced in which somebody has decided, or that is no audit */
async function refuseDecided(path: string): Promise<void> {
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  if (!isThere || (await isUndecided(path))) return;
  throw usageError(`${path} is there already, and may hold decisions`, {
    expected: 'a folder without audit.csv, or one in which nothing is decided yet',
    found: 'an audit.csv with decisions, or of somebody else',
    where: path,
    fix: 'choose another folder with --to, or replace it with --overwrite',
  });
}

async function isUndecided(path: string): Promise<boolean> {
  try {
    return (await readDecisions(path)).length === 0;
  } catch (error) {
    if (error instanceof VggtuneError) return false;
    throw error;
  }
}

/** Features are those of `head`, over the last three pools: what else is set for training changes nothing. */
function auditSettings(settings: Settings): Settings {
  const values = { strategy: 'head', head: { kind: 'levels' } } as const;
  return settings.with({ origin: 'audit', values });
}

function judged({ wrong, agreement, folds, fits }: LabelFindings): AuditReport['labels'] {
  return { wrong, agreement, folds, fits };
}

function namedPairs(
  labels: LabelFindings | undefined,
  classes: readonly string[],
): AuditFindings['pairs'] {
  return (labels?.pairs ?? []).map(({ a, b, images, toldApart }) => ({
    classes: [classes[a] ?? '', classes[b] ?? ''],
    images,
    toldApart,
  }));
}
