// readme
import { ApiError, BusyError, JobFailedError, Plasm, PlasmError, TimeoutError } from '../src/index.ts'

try {
  const plasm = new Plasm()
  const jobId = await plasm.submit('hello.wasm', { memory: '64KiB' })
  console.log((await plasm.result(jobId, { timeout: 60 })).text())
} catch (error) {
  if (error instanceof JobFailedError)
    console.log(`the guest ended with ${error.reason} ${error.exitCode}: ${error.stderr}`)
  else if (error instanceof TimeoutError) console.log('it goes on; wait for it later')
  else if (error instanceof BusyError) console.log(`come back in ${error.retryAfterMs} ms`)
  else if (error instanceof ApiError) {
    console.log(`${error.code} at ${error.pointer}. ${error.hint} (request ${error.requestId})`)
  } else if (error instanceof PlasmError) console.log(error.message)
  else throw error
}
