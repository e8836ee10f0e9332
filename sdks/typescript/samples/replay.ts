// readme
import { Plasm } from '../src/index.ts'
import { replay } from '../src/replay.ts'

const plasm = new Plasm()
const jobId = await plasm.submit('hello.wasm')
await plasm.result(jobId)

const [receipt, request] = [await plasm.receipt(jobId), await plasm.api.getJobRequest(jobId)]
const module = await plasm.api.getModuleContent(receipt.claim.module)
const { same, differences } = replay(receipt, { request, module })
console.log(same ? 'the same claim' : differences)
