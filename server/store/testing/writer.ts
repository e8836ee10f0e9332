/** A process that writes until it is killed, and says on stdout what it was promised: one line for each answer. */
import { randomBytes } from 'node:crypto'
import { Store } from '../store.ts'
import { assigned, newJob, started } from './samples.ts'

const store = new Store({ directory: process.argv[2] as string, bytesMax: 2 ** 30 })
await store.start()
const say = (...words: (string | number)[]) => process.stdout.write(`${words.join(' ')}\n`)

async function writeJobs(): Promise<never> {
  for (;;) {
    const job = newJob()
    await store.jobs.create(job)
    say('job', job.id, 1)
    for (const event of [assigned, started]) {
      const applied = await store.jobs.apply(job.id, event)
      say('job', job.id, applied.job.sequence)
    }
  }
}

async function writeBlobs(): Promise<never> {
  for (;;) {
    const { digest, size } = await store.blobs.put(randomBytes(100_000), { bytesMax: 100_000 })
    say('blob', digest, size)
  }
}

await Promise.all([...Array.from({ length: 8 }, writeJobs), writeBlobs()])
