// Checks a receipt and runs its job again. In a worker: a guest runs for as long as it likes, and only ending the worker ends it.
import { Plasm, Receipt, ReceiptError } from './node_modules/@phasebased/plasm/dist/browser.js'
import { replay } from './node_modules/@phasebased/plasm/dist/replay.browser.js'

addEventListener('message', ({ data }) => void check(data).catch(failure).then(found => postMessage(found)))

/** Whether the signature holds comes first: a receipt that nobody signed is not worth a run. */
async function check({ receipt: file, request: requestFile, module, stdin, executor }) {
  const receipt = new Receipt(await bytesOf(file))
  const request = await bytesOf(requestFile)
  const signed = await new Plasm().verify(receipt, { request, executor: executor || undefined })
  const inputs = { request, module: await bytesOf(module), stdin: await bytesOf(stdin) }
  const { claim, same, differences } = replay(receipt, inputs)
  // What this version of the SDK does not know it cannot find.
  const known = differences.some(({ found }) => found !== undefined)
  const kind = same ? 'same' : known ? 'other' : 'unknown'
  return { kind, claim, differences, signer: signed.executor, pinned: signed.assurance === 'pinned' }
}

const bytesOf = async file => new Uint8Array(await file.arrayBuffer())

function failure(error) {
  const kind = error instanceof ReceiptError ? 'invalid' : 'nothing'
  return { kind, message: error.message, hint: error.hint }
}
