// What a stranger's program does, in a project that holds the packed SDK alone.
import { createRequire } from 'node:module'
import { Plasm } from '@phasebased/plasm'

const plasm = new Plasm()
const jobId = await plasm.submit('hello.wasm', { cpu: 1, stdin: 'Hello, World' })
const output = (await plasm.result(jobId)).text()
const { did } = await plasm.node()
const { verdict, assurance } = await plasm.verify(jobId, { executor: did })
const required = typeof createRequire(import.meta.url)('@phasebased/plasm').Plasm
console.log(JSON.stringify({ runtime: process.version, output, verdict, assurance, required }))
