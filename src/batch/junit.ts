import type { MissedGate } from '../config/gates.ts';
import type { BatchResults, RunResult } from './results.ts';

/**
 * The results as a JUnit report, which CI systems show as tests: a missed gate is a failure, a run
 * that broke off an error, and a run that was not reached is skipped.
 */
export function junitOf({ runs, counts }: BatchResults): string {
  const seconds = runs.reduce((sum, run) => sum + run.seconds, 0);
  const totals = {
    name: 'vggtune batch',
    tests: runs.length,
    failures: counts['gate-missed'],
    errors: counts.failed,
    skipped: counts.waiting + counts.interrupted + counts.stopped,
    time: seconds.toFixed(3),
  };
  const files = [...new Set(runs.map(({ file }) => file))];
  const suites = files.map((file) =>
    suite(
      file,
      runs.filter((run) => run.file === file),
    ),
  );
  const body = `${open('testsuites', totals)}\n${suites.join('\n')}\n</testsuites>`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${body}\n`;
}

function suite(file: string, runs: readonly RunResult[]): string {
  const count = (...statuses: RunResult['status'][]) =>
    runs.filter(({ status }) => statuses.includes(status)).length;
  const attributes = {
    name: file,
    tests: runs.length,
    failures: count('gate-missed'),
    errors: count('failed'),
    skipped: count('waiting', 'interrupted', 'stopped'),
    time: runs.reduce((sum, run) => sum + run.seconds, 0).toFixed(3),
  };
  return `  ${open('testsuite', attributes)}\n${runs.map(testCase).join('\n')}\n  </testsuite>`;
}

function testCase(run: RunResult): string {
  const head = open('testcase', {
    name: run.name,
    classname: run.file,
    time: run.seconds.toFixed(3),
  });
  const figures = Object.entries(run.metrics).map(([name, value]) => `${name} = ${value}`);
  const out = figures.length === 0 ? '' : `<system-out>${escaped(figures.join('\n'))}</system-out>`;
  return `    ${head}${outcome(run)}${out}</testcase>`;
}

function outcome({ status, missed, error }: RunResult): string {
  switch (status) {
    case 'gate-missed':
      return missed.map(failure).join('');
    case 'failed': {
      const { kind = 'bug', message = '' } = error ?? {};
      return `${open('error', { type: kind, message })}</error>`;
    }
    case 'interrupted':
    case 'stopped':
    case 'waiting':
      return `${open('skipped', { message: status })}</skipped>`;
    case 'passed':
      return '';
  }
}

function failure({ gate, value }: MissedGate): string {
  const message = `${gate.text}: ${value === undefined ? 'not measured' : value}`;
  return `${open('failure', { type: 'gate', message })}</failure>`;
}

function open(name: string, attributes: Readonly<Record<string, string | number>>): string {
  const texts = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${escaped(`${value}`)}"`,
  );
  return `<${name}${texts.join('')}>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
};

/** Characters that XML 1.0 cannot hold at all are replaced. */
function escaped(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: to take them out is the purpose
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu, '\ufffd')
      .replace(/[&<>"\n]/g, (found) => ENTITIES[found] ?? found)
  );
}
