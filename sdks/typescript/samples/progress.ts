// readme
import { Plasm } from '../src/index.ts'

const plasm = new Plasm()
const jobId = await plasm.submit('hello.wasm')
const job = await plasm.wait(jobId, {
  onEvent: ({ state, executor }) => console.error(state, executor ?? ''), // queued, assigned 12D3Koo…, running 12D3Koo…
})
console.log(job.state)
