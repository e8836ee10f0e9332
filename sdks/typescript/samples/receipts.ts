// readme
import { writeFile } from 'node:fs/promises'
import { Plasm } from '../src/index.ts'

const plasm = new Plasm()
const jobId = await plasm.submit('hello.wasm', { stdin: 'Hello, World' })
await plasm.result(jobId)

const { assurance } = await plasm.verify(jobId)
console.log(assurance) // signed
const { did } = await plasm.node() // take it from somewhere that you trust
console.log((await plasm.verify(jobId, { executor: did })).assurance) // pinned

const receipt = await plasm.receipt(jobId)
await writeFile('receipt.json', receipt.envelope)
console.log(`ran for ${(receipt.measurement.wallUs / 1000).toFixed(1)} ms, id ${receipt.id}`)
