// readme
import { Plasm } from '../src/index.ts'

const plasm = new Plasm()
const jobId = await plasm.submit('hello.wasm')
for await (const { sequence, type, state } of plasm.events(jobId)) console.log(sequence, type, state)
