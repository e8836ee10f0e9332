/**
 * The process in which mutated modules are checked: `child.ts SEED` makes and checks the modules of SEED, SEED + 1, ..., and says in lines of
 * JSON which it begins and what came of it, so that a crash or a hang of the engine is known by its seed. It goes on until it is ended.
 */
import { writeSync } from 'node:fs'
import { Random } from '../generate/random.ts'
import { type Checked, check } from './check.ts'
import { shrink } from './mutations.ts'
import { Pool } from './pool.ts'

export type Line =
  | { pool: number }
  | { begun: number }
  | ({ seed: number; bytes: number; minimised?: string } & Checked)

const say = (line: Line) => writeSync(1, `${JSON.stringify(line)}\n`)
const triesMax = 3_000
const tryWithinMs = 10_000

const pool = await new Pool().load()
say({ pool: pool.size })
for (let seed = Number(process.argv[2]); ; seed++) {
  const bytes = pool.make(new Random(seed))
  say({ begun: seed })
  const checked = check(bytes)
  const failed = checked.failures.length > 0
  say({
    seed,
    bytes: bytes.length,
    ...checked,
    ...(failed && { minimised: minimise(bytes, checked).toString('base64') }),
  })
}

/** The smallest that was found which still fails in the same words, numbers aside. */
function minimise(bytes: Uint8Array<ArrayBuffer>, { failures }: Checked): Buffer {
  const words = (text = '') => text.replace(/\d+/g, '').slice(0, 40)
  const random = new Random(1)
  const until = performance.now() + tryWithinMs
  let smallest = bytes
  for (let tries = 0; tries < triesMax && performance.now() < until; tries++) {
    const smaller = shrink(smallest, random)
    if (smaller !== undefined && words(check(smaller).failures[0]) === words(failures[0])) smallest = smaller
  }
  return Buffer.from(smallest)
}
