/** One good receipt, held against what another job would have been. */
import { everything, executor, payload, receipt, seal, stranger, submitter } from './material.ts'
import { change } from './receipts-statement.ts'
import { invalid, type Row, valid } from './row.ts'

const good = new TextDecoder().decode(receipt.envelope)
const other = `sha256:${'0'.repeat(64)}`

export function expectedReceipts(): Row[] {
  const { args, env, ...rest } = everything
  return [
    ...Object.entries(rest).map(([name, value]) => valid(`only ${name} is expected`, good, { [name]: value })),
    valid('only args are expected', good, { args }),
    valid('only env is expected, in another order', good, { env: { LANG: 'C', A: '1' } }),
    invalid('module', 'another module', good, { ...everything, module: other }),
    invalid('args', 'other arguments', good, { ...everything, args: ['--lines', 'u'] }),
    invalid('args', 'the arguments in another order', good, { args: args.toReversed() }),
    invalid('args', 'the arguments run together', good, { args: ['--lines\0ü'] }),
    invalid('args', 'no arguments', good, { args: [] }),
    invalid('env', 'another environment', good, { ...everything, env: { ...env, A: '2' } }),
    invalid('env', 'an empty environment', good, { env: {} }),
    invalid('env', 'the environment run together', good, { env: { A: '1\0LANG=C' } }),
    invalid('stdin', 'another stdin', good, { ...everything, stdin: other }),
    invalid('stdout', 'another stdout', good, { ...everything, stdout: other }),
    invalid('stderr', 'another stderr', good, { ...everything, stderr: other }),
    invalid('nonce', 'another nonce: an old receipt shown again', good, { ...everything, nonce: 'ff'.repeat(16) }),
    invalid('jobId', 'the receipt of another job', good, {
      ...everything,
      jobId: '01890a5d-ac96-774b-bcce-b302099a8058',
    }),
    invalid('request', 'the receipt of another request', good, { ...everything, request: other }),
    invalid('submitter', 'the receipt of another submitter', good, { ...everything, submitter: stranger.did }),
    invalid('submitter', 'the executor as submitter', good, { submitter: executor.did }),
    invalid('nonce', 'two things differ: the first is named', good, {
      nonce: 'ff'.repeat(16),
      jobId: '01890a5d-ac96-774b-bcce-b302099a8058',
    }),
    invalid(
      'jobId',
      'a binding that its executor made up',
      change(s => {
        s.predicate.binding.jobId = '01890a5d-ac96-774b-bcce-b302099a8059'
      }),
      everything,
    ),
    invalid(
      'keyid',
      'a keyid of the submitter',
      seal(payload, { signatures: [{ ...(JSON.parse(good).signatures as object[])[0], keyid: submitter.did }] }),
      everything,
    ),
  ]
}
