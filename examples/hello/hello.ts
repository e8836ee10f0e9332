/** Runs hello.wasm on the nearest node (PLASM_URL, else http://127.0.0.1:7527). Elsewhere the import is '@phasebased/plasm'. */
import { Plasm } from '../../sdks/typescript/src/index.ts'

const plasm = new Plasm()
const jobId = await plasm.submit('hello.wasm', { cpu: 1 })
console.log((await plasm.result(jobId)).text())
