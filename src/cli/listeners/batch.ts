import type { RunEvent } from '../../base/events.ts';
import type { RunResult } from '../../batch/results.ts';
import type { BatchEvent } from '../../batch/runner.ts';
import { decimal, duration, percent } from '../number-formats.ts';
import { metricText, STATUS_NAMES, STATUS_STYLES } from '../report/batch.ts';
import { type Column, table } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { harmless, printable } from '../width.ts';
import { amount, TASK_NAMES } from './sentences.ts';

/** Shows the progress of a batch: a live table on a terminal, one line per event elsewhere. */
export interface BatchView {
  readonly listen: (event: BatchEvent) => void;
  close(): void;
}

export function createBatchView(terminal: Terminal, names: readonly string[]): BatchView {
  if (terminal.quiet) return { listen: () => {}, close: () => {} };
  return terminal.animated ? createTable(terminal, names) : createBatchLines(terminal, names);
}

function createBatchLines(terminal: Terminal, names: readonly string[]): BatchView {
  const of = (at: number) => `[${at + 1}/${names.length}] ${printable(names[at] ?? '')}`;
  return {
    listen: (event) => {
      if (event.type === 'run-start') terminal.note(`${of(event.at)}: started`);
      if (event.type === 'run-end') terminal.note(`${of(event.at)}: ${endText(event.result)}`);
      if (event.type === 'run-event' && event.event.type === 'warning') {
        terminal.note(`${of(event.at)}: warning: ${printable(event.event.message)}`);
      }
    },
    close: () => {},
  };
}

/** `passed, accuracy 93.4 %, loss 0.412, 3.2 s` */
function endText({ status, metrics, reused, seconds, error }: RunResult): string {
  const figures = (['accuracy', 'loss'] as const).flatMap((metric) => {
    const value = metrics[metric];
    return value === undefined ? [] : [`${metric} ${metricText(metric, value)}`];
  });
  const took = reused ? 'finished before' : duration(seconds);
  const problem = error === undefined ? [] : [printable(error.message)];
  return [STATUS_NAMES[status], ...figures, took, ...problem].join(', ');
}

interface Row {
  state: string;
  detail: string;
  running: boolean;
  result: RunResult | undefined;
}

const REDRAW_MS = 100;

/** Rows that are running, then those that ended last, then those that wait: as many as fit. */
function createTable(terminal: Terminal, names: readonly string[]): BatchView {
  const rows = names.map(
    (): Row => ({ state: 'waiting', detail: '', running: false, result: undefined }),
  );
  const began = performance.now();
  let drawnLines = 0;
  let drawnAt = 0;
  let closed = false;

  function draw(): void {
    if (closed) return;
    const { stderr } = process;
    const width = stderr.columns || terminal.width;
    const lines = tableLines(names, rows, { terminal, width, most: (stderr.rows || 24) - 3 });
    const ended = rows.filter(({ result }) => result !== undefined).length;
    const seconds = (performance.now() - began) / 1000;
    const all = [...lines, `${ended} of ${rows.length} runs, ${duration(seconds)}`];
    const text = all.map((line) => `${terminal.symbols(harmless(line))}\n`).join('');
    stderr.write(erase(drawnLines) + text);
    drawnLines = all.length;
    drawnAt = performance.now();
  }

  return {
    listen: (event) => {
      const row = rows[event.at];
      if (row === undefined) return;
      const urgent = change(row, event);
      if (urgent || performance.now() - drawnAt > REDRAW_MS) draw();
    },
    close: () => {
      if (closed) return;
      process.stderr.write(erase(drawnLines));
      closed = true;
    },
  };
}

/** Moves up over the lines that were drawn and clears what is below. */
const erase = (lines: number) => (lines === 0 ? '' : `\u001b[${lines}A\r\u001b[0J`);

function change(row: Row, event: BatchEvent): boolean {
  switch (event.type) {
    case 'run-start':
      Object.assign(row, { state: 'running', running: true });
      return true;
    case 'run-event':
      row.detail = detailOf(event.event) ?? row.detail;
      return false;
    case 'run-end':
      Object.assign(row, {
        state: STATUS_NAMES[event.result.status],
        detail: event.result.reused ? 'kept' : '',
        running: false,
        result: event.result,
      });
      return true;
  }
}

/** What a run is at, in a few words: `epoch 3  loss 0.412  acc 93.4 %`. */
export function detailOf(event: RunEvent): string | undefined {
  switch (event.type) {
    case 'stage':
      return printable(event.message);
    case 'progress':
      return `${TASK_NAMES[event.task]} ${amount(event)}`;
    case 'step':
      return `epoch ${event.epoch}  loss ${decimal(event.loss)}  acc ${percent(event.accuracy)}`;
    default:
      return undefined;
  }
}

function tableLines(
  names: readonly string[],
  rows: readonly Row[],
  to: { readonly terminal: Terminal; readonly width: number; readonly most: number },
): string[] {
  const order = rows.map((_, at) => at);
  const rank = (at: number) => (rows[at]?.running ? 0 : rows[at]?.result === undefined ? 2 : 1);
  const fits = rows.length <= to.most;
  const chosen = fits
    ? order
    : order.sort((a, b) => rank(a) - rank(b) || b - a).slice(0, Math.max(1, to.most));
  const columns: Column[] = [
    { header: 'run', shrinks: true },
    { header: 'state' },
    { header: 'accuracy', align: 'right' },
    { header: '', shrinks: true },
  ];
  const cells = chosen.map((at) => {
    const { state, detail, result } = rows[at] as Row;
    const accuracy = metricText('accuracy', result?.metrics.accuracy);
    return [printable(names[at] ?? ''), state, result === undefined ? '' : accuracy, detail];
  });
  const [header = '', ...lines] = table(columns, cells, to.width - 1);
  return [
    to.terminal.paint('dim', header),
    ...lines.map((line, i) => painted(line, rows[chosen[i] ?? 0], to.terminal)),
  ];
}

function painted(line: string, row: Row | undefined, { paintError }: Terminal): string {
  if (row?.running) return paintError('bold', line);
  return row?.result === undefined
    ? paintError('dim', line)
    : paintError(STATUS_STYLES[row.result.status], line);
}
