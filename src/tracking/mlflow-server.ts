import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunPaths } from '../run/store.ts';
import type { Point } from './points.ts';

/** A run as the server knows it. */
export interface ServerRun {
  readonly id: string;
  /** Where its files belong; `mlflow-artifacts:` where the server takes them itself. */
  readonly artifacts: string;
  /** The last step of each metric that the server has. */
  readonly steps: ReadonlyMap<string, number>;
  /** The parameters that the server has. */
  readonly params: ReadonlySet<string>;
}

/** What the server answers where it refuses. */
class Refusal extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Milliseconds that one request may take. */
const PATIENCE = 10_000;
/** The most metrics, and the most parameters, of one request; the server's own limits are 1,000 and 100. */
const METRICS_AT_ONCE = 500;
const PARAMS_AT_ONCE = 100;
/** The most characters of a parameter's value that servers of every age take. */
const LONGEST_PARAM = 500;

/** A tracking server of MLflow, by its REST interface (mlflow.org/docs/latest/api_reference/rest-api.html). */
export class MlflowServer {
  readonly #address: string;
  readonly #signal: AbortSignal;

  /** @param signal ends every request */
  constructor(address: string, signal: AbortSignal) {
    this.#address = address.replace(/\/+$/, '');
    this.#signal = signal;
  }

  /** The identifier of an experiment, which is made where there is none of the name. */
  async experiment(name: string): Promise<string> {
    try {
      return await this.#experimentNamed(name);
    } catch (error) {
      if (!isCode(error, 'RESOURCE_DOES_NOT_EXIST')) throw error;
    }
    try {
      const made = await this.#api('experiments/create', { name });
      return textOf(made.experiment_id);
    } catch (error) {
      // Another process was faster.
      if (!isCode(error, 'RESOURCE_ALREADY_EXISTS')) throw error;
      return this.#experimentNamed(name);
    }
  }

  async createRun(
    experiment: string,
    of: { readonly name: string; readonly began: number },
  ): Promise<ServerRun> {
    const { run } = await this.#api('runs/create', {
      experiment_id: experiment,
      run_name: of.name,
      start_time: of.began,
      tags: [{ key: 'mlflow.source.name', value: 'vggtune' }],
    });
    return serverRun(run);
  }

  /** Looks for a run by its identifier; undefined where there is none, or it was deleted. */
  async findRun(id: string): Promise<ServerRun | undefined> {
    try {
      const { run } = await this.#api(`runs/get?run_id=${encodeURIComponent(id)}`);
      const { lifecycle_stage: stage } = groupOf(groupOf(run).info);
      return stage === 'deleted' ? undefined : serverRun(run);
    } catch (error) {
      if (isCode(error, 'RESOURCE_DOES_NOT_EXIST')) return undefined;
      throw error;
    }
  }

  async setStatus(id: string, status: 'RUNNING' | 'FINISHED' | 'KILLED' | 'FAILED'): Promise<void> {
    const end = status === 'RUNNING' ? {} : { end_time: Date.now() };
    await this.#api('runs/update', { run_id: id, status, ...end });
  }

  async logPoints(id: string, points: readonly Point[]): Promise<void> {
    const metrics = points.flatMap(({ step, time: timestamp, values }) =>
      Object.entries(values).map(([key, value]) => ({ key, value, timestamp, step })),
    );
    for (const part of parts(metrics, METRICS_AT_ONCE)) {
      await this.#api('runs/log-batch', { run_id: id, metrics: part });
    }
  }

  /** @param rows keys with values, which become texts: JSON, but for texts themselves */
  async logParams(id: string, rows: readonly (readonly [string, unknown])[]): Promise<void> {
    const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
    const params = rows.map(([key, value]) => ({
      key,
      value: text(value).slice(0, LONGEST_PARAM),
    }));
    for (const part of parts(params, PARAMS_AT_ONCE)) {
      await this.#api('runs/log-batch', { run_id: id, params: part });
    }
  }

  /** Sends files of a run folder; those that are not there are left out. False where the server takes no files itself. */
  async sendFiles(
    { artifacts }: ServerRun,
    of: { readonly paths: RunPaths; readonly names: readonly string[] },
  ): Promise<boolean> {
    const place = /^mlflow-artifacts:\/+(.+)$/.exec(artifacts)?.[1];
    if (place === undefined) return false;
    for (const name of of.names) {
      const body = await readFile(join(of.paths.folder, name)).catch(() => undefined);
      const path = `mlflow-artifacts/artifacts/${place}/${name}`;
      if (body !== undefined) await this.#request(path, { method: 'PUT', body });
    }
    return true;
  }

  async #experimentNamed(name: string): Promise<string> {
    const path = `experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`;
    const { experiment } = await this.#api(path);
    return textOf(groupOf(experiment).experiment_id);
  }

  async #api(path: string, body?: object): Promise<Group> {
    const post = {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    };
    const text = await this.#request(`mlflow/${path}`, body === undefined ? {} : post);
    return groupOf(text === '' ? {} : JSON.parse(text));
  }

  async #request(path: string, init: RequestInit): Promise<string> {
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(PATIENCE)]);
    const response = await fetch(`${this.#address}/api/2.0/${path}`, { ...init, signal });
    const text = await response.text();
    if (response.ok) return text;
    throw refusalOf(response, text);
  }
}

type Group = Readonly<Record<string, unknown>>;

function refusalOf({ status, statusText }: Response, text: string): Refusal {
  let answer: Group = {};
  try {
    answer = groupOf(JSON.parse(text));
  } catch {
    // Something else than MLflow has answered.
  }
  const words = typeof answer.message === 'string' ? answer.message.slice(0, 200) : statusText;
  return new Refusal(String(answer.error_code), `status ${status} ${words}`.trim());
}

const isCode = (error: unknown, code: string) => error instanceof Refusal && error.code === code;

function serverRun(run: unknown): ServerRun {
  const { info, data } = groupOf(run);
  const { run_id: id, artifact_uri: artifacts } = groupOf(info);
  const { metrics, params } = groupOf(data ?? {});
  return {
    id: textOf(id),
    artifacts: String(artifacts),
    steps: new Map(groups(metrics).map(({ key, step }) => [String(key), Number(step)])),
    params: new Set(groups(params).map(({ key }) => String(key))),
  };
}

const groups = (value: unknown) => (Array.isArray(value) ? value.map(groupOf) : []);

function groupOf(value: unknown): Group {
  if (typeof value === 'object' && value !== null) return value as Group;
  throw new Error('the answer is not that of an MLflow server');
}

function textOf(value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new Error('the answer is not that of an MLflow server');
}

function parts<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, at) =>
    list.slice(at * size, (at + 1) * size),
  );
}
