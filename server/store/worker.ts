/**
 * The thread of the database. While it waits for the disk, calls gather; they are the next transaction. So one fsync serves all who
 * came in its time, and a caller that is alone waits for nobody.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { PhaseError } from '../../phase/errors.ts'
import { Database } from './database.ts'
import { storeFailure } from './failures.ts'
import { type Answer, type Call, type FromWorker, type ToWorker, toPlain, type WorkerData } from './messages.ts'
import { createOperations } from './operations.ts'

type Operation = (...args: unknown[]) => unknown

const port = parentPort as NonNullable<typeof parentPort>
const send = (message: FromWorker) => port.postMessage(message)

function serve(database: Database, options: WorkerData): void {
  const { reads, writes } = createOperations(database, options) as unknown as Record<
    'reads' | 'writes',
    Record<string, Operation>
  >
  let waiting: Call[] = []

  const commit = () => {
    const group = waiting
    waiting = []
    const settled = database.group(
      group.map(
        ({ name, args }) =>
          () =>
            (writes[name] as Operation)(...args),
      ),
    )
    send({
      answers: settled.map((result, index): Answer => {
        const { id } = group[index] as Call
        return 'error' in result ? { id, error: toPlain(result.error) } : { id, value: result.value }
      }),
    })
  }

  port.on('message', (message: ToWorker) => {
    if ('close' in message) {
      if (waiting.length > 0) commit()
      database.close()
      port.close()
      return
    }
    const answers = message.calls.filter(({ name }) => name in reads).map(call => answer(call, reads))
    if (answers.length > 0) send({ answers })
    const calls = message.calls.filter(({ name }) => name in writes)
    if (calls.length > 0 && waiting.length === 0) setImmediate(() => waiting.length > 0 && commit())
    waiting.push(...calls)
  })
}

function answer({ id, name, args }: Call, operations: Record<string, Operation>): Answer {
  try {
    return { id, value: (operations[name] as Operation)(...args) }
  } catch (error) {
    return { id, error: toPlain(storeFailure(error, 'read from the store')) }
  }
}

function open(options: WorkerData): void {
  try {
    serve(new Database(options.directory), options)
    send({ opened: true })
  } catch (error) {
    send({ failed: toPlain(error instanceof PhaseError ? error : storeFailure(error, 'open the store')) })
    port.close()
  }
}

open(workerData as WorkerData)
