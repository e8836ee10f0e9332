import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Store } from './store.ts'
import { rejection } from './testing/errors.ts'
import { temporaryDirectory } from './testing/open.ts'

const writer = fileURLToPath(new URL('./testing/writer.ts', import.meta.url))
const rounds = 5

test('what was answered is there after SIGKILL, again and again', async t => {
  const directory = await temporaryDirectory(t)
  const promised = new Map<string, number>()
  for (let round = 1; round <= rounds; round++) {
    const store = new Store({ directory, bytesMax: 2 ** 30 })
    t.after(() => store.stop())
    await writeUntilKilled(t, directory, promised, 300 + round * 50)
    checkIntegrity(directory)
    await store.start()
    await checkPromises(store, promised)
    assert.deepEqual(await readdir(join(directory, 'incoming')), [])
    await store.stop()
  }
  assert.ok(promised.size > rounds * 50)
})

test('a directory that another process has is in conflict, and free when that process is killed', async t => {
  const directory = await temporaryDirectory(t)
  const store = new Store({ directory, bytesMax: 2 ** 30 })
  t.after(() => store.stop())
  const { child, lines } = startWriter(t, directory)
  await once(lines, 'line')
  await rejection(store.start(), 'conflict')
  await kill(child)
  await store.start()
  await store.stop()
})

/** Adds what the writer said, whole lines only, to `promised`; kills it after `count` of them. */
async function writeUntilKilled(t: TestContext, directory: string, promised: Map<string, number>, count: number) {
  const { child, lines } = startWriter(t, directory)
  let said = 0
  lines.on('line', line => {
    const [, name = '', number = ''] = /^(?:job|blob) (\S{36,71}) (\d+)$/.exec(line) ?? []
    if (name !== '') promised.set(name, Number(number))
    if (++said === count) child.kill('SIGKILL')
  })
  await once(lines, 'close')
  await kill(child)
}

function startWriter(t: TestContext, directory: string) {
  const child = spawn(process.execPath, [writer, directory], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => kill(child))
  return { child, lines: createInterface({ input: child.stdout }) }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

function checkIntegrity(directory: string): void {
  const database = new DatabaseSync(join(directory, 'store.sqlite'))
  assert.equal(database.prepare('PRAGMA integrity_check').get()?.integrity_check, 'ok')
  assert.deepEqual(database.prepare('PRAGMA foreign_key_check').all(), [])
  const used = database.prepare('SELECT contents, bytes FROM usage').get()
  const counted = database.prepare('SELECT count(*) AS contents, total(size) AS bytes FROM contents').get()
  assert.deepEqual({ ...used }, { ...counted })
  database.close()
}

async function checkPromises(store: Store, promised: Map<string, number>): Promise<void> {
  for (const [name, number] of promised) {
    if (name.startsWith('sha256:')) assert.equal((await store.blobs.bytes(name)).length, number)
    else {
      const job = await store.jobs.get(name)
      assert.ok(job !== undefined && job.sequence >= number, `job ${name} has lost event ${number}`)
      assert.equal((await store.jobs.listEvents(name, 0, 10)).length, job.sequence)
    }
  }
}
