// A small HTTP server on `loadModel`, beside one of ONNX Runtime's Python on the exported model: requests a second, the
// time of one, and memory. Both decode the image that they are sent, and answer with its class.
//
//   npm run build && node bench/server.js RUN IMAGE [--requests 1000] [--python PYTHON]
//
// PYTHON has onnxruntime, numpy and Pillow; without it, only vggtune is measured. Both take turns, several times, since
// a machine has other work now and then.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { Agent, createServer, request } from 'node:http';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    requests: { type: 'string', default: '1000' },
    concurrency: { type: 'string', default: '16' },
    rounds: { type: 'string', default: '3' },
    python: { type: 'string' },
    serve: { type: 'boolean', default: false },
  },
});
const [run = '', image = ''] = positionals;
const count = Number(options.requests);
const concurrency = Number(options.concurrency);

if (options.serve) await serve();
else await measure();

/** The server that is measured, in a process of its own. */
async function serve() {
  const { loadModel } = await import('../dist/library/index.js');
  const model = await loadModel(run);
  const server = createServer(async (incoming, answer) => {
    const chunks = [];
    for await (const chunk of incoming) chunks.push(chunk);
    try {
      const [guess] = await model.predict(Buffer.concat(chunks));
      answer.end(JSON.stringify(guess));
    } catch (error) {
      answer.writeHead(error.kind === 'data' ? 422 : 500).end(error.message);
    }
  });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
  process.on('SIGTERM', () => {
    server.close();
    server.closeAllConnections();
    void model.release();
  });
}

async function measure() {
  const body = await readFile(image);
  const peers = { vggtune: [process.execPath, [fileURLToPath(import.meta.url), '--serve', run]] };
  if (options.python !== undefined) {
    const script = join(dirname(fileURLToPath(import.meta.url)), 'server_peer.py');
    const model = join(resolve(run), 'model', 'model.onnx');
    peers.onnxruntime = [options.python, [script, model]];
  }
  const rows = [];
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const [name, command] of Object.entries(peers)) {
      const row = { name, ...(await measured(command, body)) };
      rows.push(row);
      console.error(JSON.stringify(row));
    }
  }
  for (const name of Object.keys(peers)) {
    const own = rows.filter((row) => row.name === name);
    const median = (key) => own.map((row) => row[key]).sort((a, b) => a - b)[own.length >> 1];
    console.log(
      `${name}: ${median('perSecond').toFixed(0)} requests/s, median ${median('middle').toFixed(1)} ms, ` +
        `slowest of a hundred ${median('slow').toFixed(1)} ms, ${median('before').toFixed(0)} MB after a tenth, ` +
        `${median('after').toFixed(0)} MB at the end, answer ${own[0].answer}`,
    );
  }
}

async function measured([file, args], body) {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = await once(child.stdout, 'data');
    const send = sender(Number(String(line)), body);
    await sent(Math.ceil(count / 10), send);
    const before = await memory(child.pid);
    const started = performance.now();
    const times = await sent(count, send);
    const seconds = (performance.now() - started) / 1000;
    const sorted = times.map(({ time }) => time).sort((a, b) => a - b);
    const answers = new Set(times.map(({ text }) => text));
    return {
      perSecond: count / seconds,
      middle: sorted[count >> 1],
      slow: sorted[Math.floor(count * 0.99)],
      before,
      after: await memory(child.pid),
      answer: [...answers].slice(0, 3).join(' '),
    };
  } finally {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
}

/** Sends so many requests, some at the same time. */
async function sent(total, send) {
  const results = [];
  let left = total;
  const worker = async () => {
    while (left-- > 0) results.push(await send());
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return results;
}

function sender(port, body) {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const headers = { 'content-length': body.length };
  return () =>
    new Promise((done, fail) => {
      const started = performance.now();
      const outgoing = request(
        { port, agent, headers, host: '127.0.0.1', method: 'POST' },
        (answer) => {
          let text = '';
          answer.setEncoding('utf8').on('data', (part) => {
            text += part;
          });
          answer.on('end', () => {
            if (answer.statusCode !== 200) fail(new Error(text));
            else done({ text, time: performance.now() - started });
          });
        },
      );
      outgoing.on('error', fail).end(body);
    });
}

/** Resident memory in MB; on Linux alone. */
async function memory(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmRSS:\s*(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024;
}
