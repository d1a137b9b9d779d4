// A Slurm of two nodes on this machine: a controller and two daemons, with a folder of their own.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

export const NODES = ['node1', 'node2'];

/** Programs of Debian's slurm-wlm and munge that are not here. */
export function missingPrograms() {
  const names = ['munged', 'slurmctld', 'slurmd', 'sbatch', 'squeue', 'scontrol'];
  return names.filter((name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0);
}

/** @param seconds without a word after which a node counts as dead */
function configOf(folder, seconds) {
  const host = hostname();
  const nodes = NODES.map(
    (name, at) =>
      `NodeName=${name} NodeHostname=${host} Port=${17_011 + at} CPUs=1 RealMemory=4000`,
  );
  return `ClusterName=vggtune
SlurmctldHost=${host}
SlurmctldPort=17010
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=${folder}/munge.sock
CryptoType=crypto/munge
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool-%n
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd-%n.pid
SlurmctldLogFile=${folder}/slurmctld.log
SlurmdLogFile=${folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=5,batch_sched_delay=1
ReturnToService=2
SlurmdTimeout=${seconds}
KillWait=30
MinJobAge=3600
JobRequeue=1
${nodes.join('\n')}
PartitionName=main Nodes=${NODES.join(',')} Default=YES MaxTime=INFINITE State=UP
`;
}

export class Cluster {
  #folder;
  #children = new Map();

  constructor(folder) {
    this.#folder = folder;
  }

  get environment() {
    return { ...process.env, SLURM_CONF: join(this.#folder, 'slurm.conf') };
  }

  async start() {
    const folder = this.#folder;
    mkdirSync(join(folder, 'state'), { recursive: true });
    for (const node of NODES) mkdirSync(join(folder, `spool-${node}`), { recursive: true });
    writeFileSync(join(folder, 'munge.key'), randomBytes(128), { mode: 0o400 });
    writeFileSync(join(folder, 'slurm.conf'), configOf(folder, 10));
    const at = (name) => join(folder, name);
    execFileSync('munged', [
      '--force',
      `--socket=${at('munge.sock')}`,
      `--key-file=${at('munge.key')}`,
      `--pid-file=${at('munge.pid')}`,
      `--log-file=${at('munge.log')}`,
      `--seed-file=${at('munge.seed')}`,
    ]);
    this.#spawn('controller', 'slurmctld', ['-D', '-c', '-f', at('slurm.conf')]);
    for (const node of NODES) this.startNode(node);
    await this.#until('both nodes are idle', () => {
      const { stdout } = spawnSync('sinfo', ['-h', '-o', '%T %D'], {
        env: this.environment,
        encoding: 'utf8',
      });
      return stdout.trim() === `idle ${NODES.length}`;
    });
  }

  startNode(node) {
    this.#spawn(node, 'slurmd', ['-D', '-N', node, '-f', join(this.#folder, 'slurm.conf')]);
  }

  /** Kills a node with everything that it runs, as when its power fails. */
  killNode(node) {
    const pids = descendants(this.#children.get(node).pid);
    // The steps of jobs leave the daemon that began them: they are known by its name in their command line.
    for (const pid of allPids())
      if (commandOf(pid).includes(`slurmstepd`) && environmentOf(pid, node))
        pids.push(pid, ...descendants(pid));
    for (const pid of new Set(pids)) kill(pid);
  }

  /** What a command of Slurm prints. */
  ask(program, words, options = {}) {
    return execFileSync(program, words, { env: this.environment, encoding: 'utf8', ...options });
  }

  stop() {
    for (const child of this.#children.values()) {
      for (const pid of descendants(child.pid)) kill(pid);
    }
    for (const pid of allPids()) {
      if (commandOf(pid).includes('slurmstepd') && environmentOf(pid, '')) {
        for (const each of descendants(pid)) kill(each);
      }
    }
    const pidFile = join(this.#folder, 'munge.pid');
    if (existsSync(pidFile)) kill(Number(readFileSync(pidFile, 'utf8')));
  }

  #spawn(name, program, words) {
    const child = spawn(program, words, { stdio: 'ignore', env: this.environment });
    this.#children.set(name, child);
  }

  async #until(what, isTrue, seconds = 60) {
    for (let waited = 0; waited < seconds; waited++) {
      if (isTrue()) return;
      await wait(1000);
    }
    throw new Error(
      `after ${seconds} s it is still not so that ${what}: see the logs in ${this.#folder}`,
    );
  }
}

function allPids() {
  return execFileSync('ps', ['-eo', 'pid='], { encoding: 'utf8' })
    .split('\n')
    .map(Number)
    .filter((pid) => pid > 0);
}

/** A process and all that it has begun. */
function descendants(root) {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const found = [root];
  for (const pid of found)
    for (const [child, parent] of rows) if (parent === pid) found.push(child);
  return found;
}

const commandOf = (pid) => textOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');

/** Whether a process has a job of a node (of any node where none is named) below it. */
function environmentOf(pid, node) {
  return descendants(pid).some((each) => {
    const text = textOf(`/proc/${each}/environ`);
    return text.includes(`SLURMD_NODENAME=${node}`);
  });
}

function textOf(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
