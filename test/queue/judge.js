import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Holds what a campaign has left against what a plain batch has. */
export function judge(work, told) {
  const names = readdirSync(join(work, 'plain')).filter((name) => name.startsWith('seed='));
  const rows = names.map((name) => compare(work, name));
  const { counts } = JSON.parse(readFileSync(join(work, 'queued-results', 'results.json'), 'utf8'));
  const count = (test) => rows.filter(test).length;
  const figures = {
    runs: rows.length,
    workers: told.workers,
    kills: told.kills.length,
    killsOfWorkerAndRun: told.kills.filter(({ whole }) => whole).length,
    brokerRestarts: told.restarts,
    passed: counts.passed,
    ended: count(({ ends }) => ends === 1),
    lost: count(({ ends }) => ends === 0),
    endedTwice: count(({ ends }) => ends > 1),
    resumed: count(({ starts }) => starts > 1),
    epochsRepeated: rows.reduce((sum, { repeated }) => sum + repeated, 0),
    foundFinished: told.kept,
    sameWeights: count(({ same }) => same),
    seconds: Math.round(told.seconds),
    batchCode: told.batchCode,
    workerCodes: told.workerCodes,
  };
  return {
    ...figures,
    broker: told.broker,
    faults: faultsOf(figures, told),
    table: table(figures, told),
  };
}

function compare(work, name) {
  const text = readFileSync(join(work, 'queued', name, 'events.ndjson'), 'utf8');
  const events = text.split('\n').flatMap(parsed);
  const epochs = events
    .filter(({ type }) => type === 'epoch')
    .map(({ phase, epoch }) => `${phase} ${epoch}`);
  const hashes = ['plain', 'queued'].map((folder) => {
    const path = join(work, folder, name, 'model', 'model.safetensors');
    return existsSync(path)
      ? createHash('sha256').update(readFileSync(path)).digest('hex')
      : folder;
  });
  return {
    ends: events.filter(({ type, stage }) => type === 'stage' && stage === 'done').length,
    starts: events.filter(({ type }) => type === 'log').length,
    repeated: epochs.length - new Set(epochs).size,
    same: hashes[0] === hashes[1],
  };
}

/** A line that a kill has cut is none. */
function parsed(line) {
  try {
    return [JSON.parse(line)];
  } catch {
    return [];
  }
}

function faultsOf(figures, { batchErrors }) {
  const { runs } = figures;
  const expected = {
    passed: runs,
    ended: runs,
    lost: 0,
    endedTwice: 0,
    sameWeights: runs,
    batchCode: 0,
  };
  const faults = Object.entries(expected).flatMap(([name, value]) =>
    figures[name] === value ? [] : [`${name} is ${figures[name]}, not ${value}`],
  );
  if (figures.workerCodes.some((code) => code !== 130)) {
    faults.push(`workers that were stopped exit with ${figures.workerCodes.join(', ')}, not 130`);
  }
  return faults.length === 0 ? [] : [...faults, batchErrors];
}

function table(figures, told) {
  const rows = [
    ['runs', figures.runs],
    ['workers', figures.workers],
    [
      'kills of a worker at work',
      `${figures.kills} (${figures.killsOfWorkerAndRun} with the process of its run)`,
    ],
    ['kills of the broker', figures.brokerRestarts],
    ['runs that were resumed', figures.resumed],
    ['epochs that were trained again', figures.epochsRepeated],
    ['finished runs that were offered again, and kept', figures.foundFinished],
    ['runs lost', figures.lost],
    ['runs trained to their end twice', figures.endedTwice],
    ['runs with the weights of the plain batch, byte for byte', figures.sameWeights],
    ['seconds', figures.seconds],
  ];
  return [
    '| | |',
    '| --- | --- |',
    ...rows.map(([name, value]) => `| ${name} | ${value} |`),
    '',
    told.broker,
    ...faultsOf(figures, told).map((fault) => `FAULT: ${fault}`),
  ];
}
