/** Short jobs are sent to a child before it has done the one before: what that one does must not reach them. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { compileText } from '../../machine/fixtures/compile.ts'
import { type Execution, type ExecutionRequest, Executor } from './executor.ts'
import { requestOf } from './testing/request.ts'

/** Says its first byte on stdout; before that it traps at "t", loops at "l". */
const module = await compileText(`(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\10\\00\\00\\00\\01\\00\\00\\00")
  (func (export "_start")
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
    (if (i32.eq (i32.load8_u (i32.const 16)) (i32.const 116)) (then unreachable))
    (if (i32.eq (i32.load8_u (i32.const 16)) (i32.const 108)) (then (loop (br 0))))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))`)

const executor = new Executor({ children: 2, isolation: 'pool', log: { warn: () => {} } })
const never = new AbortController().signal
const run = (text: string, more: Partial<ExecutionRequest> = {}, signal = never) =>
  executor.run(requestOf(module, { stdin: Buffer.from(text), ...more }), signal)
const end = (execution: Execution) =>
  execution.kind === 'faulted' ? execution.reason : (execution.stopped ?? Buffer.from(execution.stdout).toString())

before(async () => {
  await executor.start()
  // From the first on it is known that they are short.
  assert.equal(end(await run('a')), 'a')
})
after(() => executor.stop())

test('each of many at once gets the answer to its own input', async () => {
  const texts = Array.from({ length: 500 }, (_, index) => String.fromCharCode(65 + (index % 26)))
  const executions = await Promise.all(texts.map(text => run(text)))
  assert.deepEqual(executions.map(end), texts)
  for (const execution of executions) {
    assert.ok(execution.kind === 'ended' && execution.usage.wallUs >= execution.usage.cpuUs)
  }
})

test('those behind one that traps are run all the same', async () => {
  const texts = Array.from({ length: 30 }, (_, index) => (index % 7 === 3 ? 't' : 'b'))
  const executions = await Promise.all(texts.map(text => run(text)))
  assert.deepEqual(
    executions.map(end),
    texts.map(text => (text === 't' ? 'trapped' : text)),
  )
})

test('one behind what turns out to be long does not wait for its deadline, and has its own', async () => {
  const stop = new AbortController()
  const long = run('l', {}, stop.signal)
  const late = run('l', { timeoutMs: 200 })
  const behind = run('c')
  assert.equal(end(await Promise.any([long, behind])), 'c')
  stop.abort()
  assert.deepEqual([end(await late), end(await long)], ['timedOut', 'cancelled'])
  assert.equal(end(await run('d')), 'd')
})

test('one that is cancelled in its place leaves the one before it alone', async () => {
  const stop = new AbortController()
  const first = run('e')
  const second = run('f', {}, stop.signal)
  const third = run('g')
  stop.abort()
  assert.deepEqual([end(await first), end(await second), end(await third)], ['e', 'cancelled', 'g'])
})

test('children that are killed take nothing with them that had not begun', async () => {
  const jobs = Array.from({ length: 200 }, () => run('h'))
  for (const pid of executor.pids) process.kill(pid, 'SIGKILL')
  const words = (await Promise.all(jobs)).map(end)
  const lost = words.filter(word => word === 'internal').length
  assert.ok(lost <= 2, `${lost} of ${words.length} were lost`)
  assert.equal(words.filter(word => word === 'h').length, words.length - lost)
})
