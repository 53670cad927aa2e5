// Every file with properties, each round with another seed: npm run test:properties -- ROUNDS.
// The seed of a round that fails is printed; BUSBAR_PROPERTY_SEED replays it.
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const USUAL_ROUNDS = 10;
const rounds = Number(process.argv[2] ?? USUAL_ROUNDS);

const files = readdirSync('test', { recursive: true })
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => join('test', name))
  .filter((file) => readFileSync(file, 'utf8').includes("from 'fast-check'"));

const failed = [];
for (let round = 0; round < rounds; round += 1) {
  const seed = randomInt(2 ** 31);
  const env = { ...process.env, BUSBAR_PROPERTY_SEED: String(seed) };
  const { status, stdout } = spawnSync(process.execPath, ['scripts/test.mjs', ...files], {
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  console.log(`seed ${seed}: ${status === 0 ? 'holds' : 'FAILS'}`);
  if (status === 0) continue;
  failed.push(seed);
  console.log(stdout.slice(stdout.indexOf('# failed: ')));
}
if (failed.length > 0) console.log(`replay: BUSBAR_PROPERTY_SEED=${failed[0]} npm test`);
process.exit(failed.length > 0 ? 1 : 0);
