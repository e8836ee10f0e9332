// readme
import { Plasm } from '../src/index.ts'

const plasm = new Plasm()
const jobId = await plasm.submit('hello.wasm', { cpu: 1 })
console.log((await plasm.result(jobId)).text())
