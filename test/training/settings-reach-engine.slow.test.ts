import { access, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONFIG_FIELDS } from '../../src/config/fields.ts';
import { temporaryFolder } from '../pipeline/pictures.ts';
import type { SettingCheck } from './settings/check.ts';
import { COURSE_CHECKS } from './settings/course.ts';
import { IMAGE_CHECKS } from './settings/images.ts';
import { LOSS_CHECKS } from './settings/loss.ts';
import { NETWORK_CHECKS } from './settings/network.ts';
import { OPTIMIZER_CHECKS } from './settings/optimizer.ts';
import { NOT_ABOUT_TRAINING } from './settings/others.ts';
import { type Changes, madePictures, type Pictures, recordedRun } from './settings/recorded-run.ts';

const CHECKS: readonly SettingCheck[] = [
  ...OPTIMIZER_CHECKS,
  ...LOSS_CHECKS,
  ...COURSE_CHECKS,
  ...NETWORK_CHECKS,
  ...IMAGE_CHECKS,
];

let home: string;
let pictures: Pictures;
beforeAll(async () => {
  home = await temporaryFolder();
  pictures = await madePictures(join(home, 'pictures'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** Equal runs need to be made once. */
const runs = new Map<string, ReturnType<typeof recordedRun>>();

function runOf({ strategy = 'scratch', logits = () => [0, 0, 0] }: SettingCheck, changes: Changes) {
  const key = JSON.stringify([strategy, changes, String(logits)]);
  const run = runs.get(key) ?? recordedRun({ pictures, strategy, changes, logits });
  runs.set(key, run);
  return run;
}

describe('a setting reaches the engine', () => {
  // The runs wait for the disk most of the time.
  it.concurrent.each(CHECKS)('$path: $what', async (check) => {
    const { path, value, given = {}, seen, expected } = check;
    const base = await runOf(check, given);
    const run = await runOf(check, { ...given, [path]: value });
    const wanted = await expected(run, base);
    expect(seen(run)).toEqual(wanted);
    expect(seen(base), 'the run without the setting').not.toEqual(wanted);
  });
});

describe('every key of the schema', () => {
  const checked = new Set(CHECKS.map(({ path }) => path));

  it('has a check here, or a reason why it needs none', () => {
    const known = (path: string) => checked.has(path) || path in NOT_ABOUT_TRAINING;
    expect(CONFIG_FIELDS.map(({ path }) => path).filter((path) => !known(path))).toEqual([]);
  });

  it('is on one of the two lists, and these name no other', () => {
    const keys = CONFIG_FIELDS.map(({ path }) => path);
    const listed = [...checked, ...Object.keys(NOT_ABOUT_TRAINING)];
    expect(listed.sort()).toEqual([...keys].sort());
  });

  it('that needs none is tested where its reason says', async () => {
    const named = Object.values(NOT_ABOUT_TRAINING).flatMap(
      (why) => why.match(/test\/[\w/.-]+\.ts/g) ?? [],
    );
    expect(named.length).toBeGreaterThan(0);
    for (const file of named) await expect(access(file), file).resolves.toBeUndefined();
  });
});
