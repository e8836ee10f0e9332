const there = new Plasm()
const jobId = await there.submit('hello.wasm')
await there.wait(jobId)
const { writeFile } = await import('node:fs/promises')
await writeFile('receipt.json', (await there.receipt(jobId)).envelope)

// readme
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { Plasm, Receipt, ReceiptError } from '../src/index.ts'

const receipt = new Receipt(await readFile('receipt.json'))
const module = `sha256:${createHash('sha256')
  .update(await readFile('hello.wasm'))
  .digest('hex')}`
try {
  await new Plasm().verify(receipt, { expected: { module } })
  console.log('It ran hello.wasm.')
} catch (error) {
  if (!(error instanceof ReceiptError)) throw error
  console.log(error.verification?.verdict, error.message) // invalid or unverifiable, and why
}
