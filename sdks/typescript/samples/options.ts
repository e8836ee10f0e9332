// readme
import { Plasm } from '../src/index.ts'

const plasm = new Plasm({ url: process.env['PLASM_URL'], timeout: '30s' })
const jobId = await plasm.submit('hello.wasm', {
  stdin: 'Hello, World', // or bytes, a Blob, a ReadableStream, { file: 'input.bin' }, { digest: 'sha256:…' } of an uploaded blob
  args: ['--fast'],
  env: { LANG: 'C' },
  memory: '64MiB',
  output: '1MiB',
  timeout: 10, // seconds of one execution; '500ms' and '2m' are understood, too
  placement: 'any', // local, remote, or a peer
})
const output = await plasm.result(jobId, { timeout: 60, signal: AbortSignal.timeout(90_000) })
console.log(`${output.length} bytes`)
