import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';

const SERVERS = ['redis-server', 'valkey-server'];

/** A broker of our own that keeps its data through a kill. */
export async function createBroker(folder) {
  const server = SERVERS.find((name) => spawnSync(name, ['--version']).status === 0);
  if (server === undefined) {
    throw new Error(`none of ${SERVERS.join(', ')} is in the PATH: apt-get install redis-server`);
  }
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const start = async () => {
    const child = spawn(
      server,
      [
        '--port',
        String(port),
        '--bind',
        '127.0.0.1',
        '--dir',
        folder,
        '--appendonly',
        'yes',
        '--save',
        '',
      ],
      { stdio: 'ignore' },
    );
    await answers(port);
    return child;
  };
  let child = await start();
  return {
    url: `redis://127.0.0.1:${port}/0`,
    version: spawnSync(server, ['--version'], { encoding: 'utf8' }).stdout.trim(),
    /** Kills it, and starts it again after some milliseconds. */
    restart: async (away) => {
      const gone = new Promise((done) => child.once('exit', done));
      child.kill('SIGKILL');
      await gone;
      await sleep(away);
      child = await start();
    },
    stop: () => child.kill('SIGTERM'),
  };
}

function freePort() {
  const server = createServer();
  return new Promise((done, fail) => {
    server.on('error', fail).listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

async function answers(port) {
  const client = new Redis({ host: '127.0.0.1', port, maxRetriesPerRequest: null });
  client.on('error', () => {});
  await client.ping();
  client.disconnect();
}
