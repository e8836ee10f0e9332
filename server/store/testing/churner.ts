/**
 * A process that runs jobs through a store and sweeps them again, until it is killed: its clock goes an hour for each, so that there is always
 * something too old. It says which jobs have ended, when, and how far it has swept.
 */
import { randomBytes } from 'node:crypto'
import { contentOf } from '../../../phase/digest.ts'
import { Store } from '../store.ts'
import { Sweeper } from '../sweeper.ts'
import { finished, newJob } from './samples.ts'

const hourMs = 3_600_000
export const keepMs = 20 * hourMs

if (import.meta.main) {
  let clockMs = Number(process.argv[3])
  const nowMs = () => clockMs
  const store = new Store({ directory: process.argv[2] as string, bytesMax: 2 ** 30, nowMs })
  await store.start()
  const warn = (object: object) => void process.stderr.write(`${JSON.stringify(object)}\n`)
  const parts = { store, keepMs, bytesMax: 2 ** 30, spared: () => [], nowMs, log: { info: () => {}, warn } }
  const say = (...words: (string | number)[]) => process.stdout.write(`${words.join(' ')}\n`)
  // Contents that come back about when they are swept.
  const shared = Array.from({ length: 24 }, (_, number) => Buffer.alloc(number % 2 === 0 ? 30 : 70_000, number))

  const run = async (number: number) => {
    for (;;) {
      clockMs += hourMs
      const at = new Date(clockMs).toISOString()
      const job = newJob(at)
      const bytes = shared[Math.floor(clockMs / hourMs) % shared.length] as Buffer
      const module = await store.blobs.put(bytes, { bytesMax: 2 ** 20 })
      const stdout = randomBytes(number % 2 === 0 ? 40 : 80_000)
      await store.jobs.create({ ...job, manifest: { ...job.manifest, module: module.digest } })
      await store.blobs.put(stdout, { bytesMax: 2 ** 20 })
      await store.jobs.apply(job.id, { ...finished, at, stdout: contentOf(stdout) })
      say('ended', job.id, Date.parse(at))
    }
  }
  const sweep = async (): Promise<never> => {
    for (;;) {
      await new Sweeper(parts).sweep(new AbortController().signal)
      say('swept', clockMs)
    }
  }
  await Promise.all([run(0), run(1), run(2), run(3), sweep()])
}
