import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface FakeRun {
  readonly name: string;
  readonly statuses: string[];
  readonly metrics: { key: string; value: number; step: number; timestamp: number }[];
  readonly params: Map<string, string>;
  readonly files: Map<string, string>;
}

export interface FakeMlflow {
  readonly address: string;
  readonly experiments: readonly string[];
  readonly runs: ReadonlyMap<string, FakeRun>;
  /** What is answered instead of anything else, until it is undefined again. */
  refusal: number | 'never' | undefined;
  /** How many requests there were. */
  readonly requests: () => number;
  close(): Promise<void>;
}

/**
 * A server that knows the part of MLflow's REST interface that is used here, and refuses what the real one refuses: a
 * parameter whose value changes, too long batches, values that are no numbers.
 */
export async function fakeMlflow(artifacts = 'mlflow-artifacts:/7'): Promise<FakeMlflow> {
  const experiments: string[] = [];
  const runs = new Map<string, FakeRun>();
  let count = 0;
  const state: Pick<FakeMlflow, 'refusal'> = { refusal: undefined };

  const shown = (id: string) => {
    const run = runs.get(id);
    if (run === undefined) throw refuse(404, 'RESOURCE_DOES_NOT_EXIST');
    const last = new Map(run.metrics.map((metric) => [metric.key, metric]));
    const params = [...run.params].map(([key, value]) => ({ key, value }));
    const info = {
      ...{ run_id: id, lifecycle_stage: 'active' },
      artifact_uri: `${artifacts}/${id}/artifacts`,
    };
    return { run: { info, data: { metrics: [...last.values()], params } } };
  };

  const api: Readonly<Record<string, (body: Body, query: URLSearchParams) => object>> = {
    'experiments/get-by-name': (_, query) => {
      const at = experiments.indexOf(query.get('experiment_name') ?? '');
      if (at < 0) throw refuse(404, 'RESOURCE_DOES_NOT_EXIST');
      return { experiment: { experiment_id: String(at) } };
    },
    'experiments/create': ({ name }) => ({ experiment_id: String(experiments.push(name) - 1) }),
    'runs/create': ({ run_name: name }) => {
      const id = `run${runs.size}`;
      const lists = { statuses: ['RUNNING'], metrics: [], params: new Map(), files: new Map() };
      runs.set(id, { name, ...lists });
      return shown(id);
    },
    'runs/get': (_, query) => shown(query.get('run_id') ?? ''),
    'runs/update': ({ run_id: id, status }) => {
      runs.get(id)?.statuses.push(status);
      return {};
    },
    'runs/log-batch': ({ run_id: id, metrics = [], params = [] }) => {
      const run = runs.get(id);
      const isWrong = metrics.some(({ value }: Body) => typeof value !== 'number');
      if (run === undefined || metrics.length > 1000 || params.length > 100 || isWrong) {
        throw refuse(400, 'INVALID_PARAMETER_VALUE');
      }
      run.metrics.push(...metrics);
      for (const { key, value } of params) {
        if ((run.params.get(key) ?? value) !== value) throw refuse(400, 'INVALID_PARAMETER_VALUE');
        run.params.set(key, value);
      }
      return {};
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    count++;
    if (state.refusal === 'never') return;
    if (state.refusal !== undefined) {
      response.writeHead(state.refusal).end('<h1>not now</h1>');
      return;
    }
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
    const text = await textOf(request);
    const file = /^\/api\/2\.0\/mlflow-artifacts\/artifacts\/7\/(\w+)\/artifacts\/(.+)$/.exec(
      pathname,
    );
    if (file !== null) runs.get(file[1] ?? '')?.files.set(file[2] ?? '', text);
    try {
      const call = api[pathname.replace('/api/2.0/mlflow/', '')];
      const body = file === null ? call?.(text === '' ? {} : JSON.parse(text), searchParams) : {};
      if (body === undefined) throw refuse(404, 'ENDPOINT_NOT_FOUND');
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    } catch (error) {
      const { status, code } = error as ReturnType<typeof refuse>;
      response.writeHead(status).end(JSON.stringify({ error_code: code, message: 'no' }));
    }
  }

  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return Object.assign(state, {
    ...{ address: `http://127.0.0.1:${port}`, experiments, runs, requests: () => count },
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((closed) => server.close(() => closed()));
    },
  });
}

// biome-ignore lint/suspicious/noExplicitAny: what a request holds is what the test is about
type Body = any;

const refuse = (status: number, code: string) => Object.assign(new Error(code), { status, code });

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}
