// npm run test:stranger: on a clean account and in an empty folder, everything that README.md says, in its order, and
// nothing else; then a folder in which an older version was at work. Prints how long each step takes, and what it leaves on
// the disk. --keep leaves the account; --from COMMIT names the older version; --only first|upgrade does a part.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { openAccount } from './account.js';
import { openDiary } from './diary.js';
import { writePhotos } from './photos.js';
import { firstDay, upgrade } from './steps.js';
import { packOlder, packPresent } from './tarballs.js';

/** A version from before the first release, whose runs differ in much from those of today. */
const OLDER = 'd41ad4f';
const OLDER_VERSION = '0.0.9';

function option(name, otherwise) {
  const at = process.argv.indexOf(name);
  return at === -1 ? otherwise : process.argv[at + 1];
}

/** Puts what the stranger brings into the account: the packages, and folders with photographs. */
async function furnish(account, tarballs) {
  const downloads = join(account.home, 'downloads');
  mkdirSync(downloads);
  for (const path of tarballs) copyFileSync(path, join(downloads, basename(path)));
  for (const name of ['project', 'older']) await writePhotos(join(account.home, name));
  account.own(account.home);
  return tarballs.map((path) => join(downloads, basename(path)));
}

async function main(work, account) {
  const only = option('--only');
  const packages = [packPresent(work)];
  if (only !== 'first') packages.push(packOlder(option('--from', OLDER), OLDER_VERSION, work));
  const [tarball, older] = await furnish(account, packages);
  console.log(`${account.name}, ${process.platform} ${process.arch}, Node.js ${process.version}\n`);
  const step = openDiary(account);
  const world = { account, step, tarball };
  if (only !== 'upgrade') await firstDay({ ...world, folder: join(account.home, 'project') });
  if (only !== 'first') await upgrade({ ...world, older, folder: join(account.home, 'older') });
  execFileSync('du', ['-sh', account.home], { stdio: 'inherit' });
  console.log('stranger: ok');
}

const work = mkdtempSync(join(tmpdir(), 'vggtune-stranger-'));
const account = openAccount();
try {
  await main(work, account);
} finally {
  rmSync(work, { recursive: true, force: true });
  if (process.argv.includes('--keep')) console.log(`kept: ${account.home}`);
  else account.close();
}
