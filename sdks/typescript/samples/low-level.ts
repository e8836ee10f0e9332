// readme
import { open } from 'node:fs/promises'
import { Plasm } from '../src/index.ts'

const plasm = new Plasm()
const jobId = await plasm.submit('hello.wasm')
await plasm.wait(jobId)

const file = await open('output.bin', 'w')
await plasm.api.getJobOutput(jobId, { sink: async bytes => void (await file.write(bytes)) })
console.log(`${(await file.stat()).size} bytes`)
await file.close()

for (const { id, state } of (await plasm.api.listJobs({ limit: 10 })).items) console.log(id, state)
