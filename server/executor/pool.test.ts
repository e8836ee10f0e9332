import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pool } from './pool.ts'
import { ExecutorProcess } from './process.ts'
import { openSandbox } from './sandbox.ts'
import { encodeProgram, readProgram } from './sources.ts'

const sandbox = await openSandbox()
const program = encodeProgram(await readProgram(new URL('./child.ts', import.meta.url)))
const log = { warn: () => {} }
const never = new AbortController().signal

async function open(with_ = program): Promise<ExecutorProcess> {
  const child = new ExecutorProcess(sandbox.spawn('running'))
  await child.start(with_)
  return child
}

test('a pool whose children cannot start says why, and stops', async () => {
  const broken = encodeProgram({ entry: 'x:///x.js', sources: { 'x:///x.js': 'throw new Error()' } })
  const pool = new Pool({ size: 2, log, open: () => open(broken) })
  await assert.rejects(pool.start(), /no child process could be started/)
  await pool.stop()
  assert.deepEqual(pool.pids, [])
})

test('starts that fail for a while are tried again until the pool is whole', async () => {
  let failures = 2
  const pool = new Pool({
    size: 2,
    log,
    open: () => (failures-- > 0 && failures === 0 ? Promise.reject(new Error('not now')) : open()),
  })
  await pool.start()
  const places = [await pool.acquire({ signal: never }), await pool.acquire({ signal: never })]
  assert.equal(new Set(places.map(({ child }) => child.pid)).size, 2)
  await pool.stop()
})

test('one that dies while idle is replaced before it is handed out', async () => {
  const pool = new Pool({ size: 1, log, open })
  await pool.start()
  const [first] = pool.pids
  const { child } = await pool.acquire({ signal: never })
  pool.release(child)
  process.kill(first as number, 'SIGKILL')
  await child.exited
  const next = await pool.acquire({ signal: never })
  assert.notEqual(next.child.pid, first)
  await pool.stop()
})

test('who waits is served in turn, and may give up', async () => {
  const pool = new Pool({ size: 1, log, open })
  await pool.start()
  const { child } = await pool.acquire({ signal: never })
  const stop = new AbortController()
  const given = pool.acquire(stop)
  const second = pool.acquire({ signal: never })
  stop.abort()
  await assert.rejects(given, { name: 'AbortError' })
  pool.release(child)
  assert.equal((await second).child.pid, child.pid)
  const refused = assert.rejects(pool.acquire({ signal: never }), { code: 'unavailable' })
  await pool.stop()
  await refused
})
