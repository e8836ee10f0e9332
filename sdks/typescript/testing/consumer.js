// What a stranger's program does, in a project that holds the packed SDK alone.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { ArgumentError, Plasm } from '@phasebased/plasm'
import { replay } from '@phasebased/plasm/replay'

const plasm = new Plasm()
const jobId = await plasm.submit('hello.wasm', { cpu: 1, stdin: 'Hello, World' })
const output = (await plasm.result(jobId)).text()
const { did } = await plasm.node()
const { verdict, assurance } = await plasm.verify(jobId, { executor: did })
const receipt = await plasm.receipt(jobId)
const inputs = { request: await plasm.api.getJobRequest(jobId), module: await readFile('hello.wasm') }
const { same, claim } = replay(receipt, { ...inputs, stdin: new TextEncoder().encode('Hello, World') })
let refused
try {
  replay(receipt, inputs)
} catch (error) {
  refused = error instanceof ArgumentError
}
const replayed = same && refused && JSON.stringify(claim) === JSON.stringify(receipt.claim)
const required = typeof createRequire(import.meta.url)('@phasebased/plasm').Plasm
console.log(JSON.stringify({ runtime: process.version, output, verdict, assurance, replayed, required }))
