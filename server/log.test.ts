/** A real node whose log has lost its reader. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { Client } from './testing/client.ts'

const entries = { 'the node itself': 'main.ts', 'the plasm command': '../cli/plasm.ts' }

for (const [name, file] of Object.entries(entries)) {
  test(`a node whose log nobody reads any more lives on, says so once, and stops cleanly: ${name}`, t =>
    loseReader(t, join(import.meta.dirname, file)))
}

async function loseReader(t: TestContext, mainFile: string): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'plasm-log-'))
  t.after(() => rm(directory, { recursive: true }))
  const flags = ['--data-dir', directory, '--http', '127.0.0.1:0', '--p2p', '/ip4/127.0.0.1/tcp/0', '--slots', '1']
  const child = spawn(process.execPath, [mainFile, 'serve', ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  const stderr = text(child.stderr)
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  const { http } = JSON.parse(line) as { http: string }
  child.stdout.destroy()
  await once(child.stdout, 'close')

  const client = new Client(http)
  const module = await client.uploadHello()
  assert.equal((await client.run({ module })).state, 'succeeded')
  // Each child process that ends unasked is a line of the log.
  for (const pid of await childrenOf(child.pid as number)) process.kill(pid, 'SIGKILL')
  assert.equal((await client.run({ module })).state, 'succeeded')
  for (const pid of await childrenOf(child.pid as number)) process.kill(pid, 'SIGKILL')
  assert.equal((await client.run({ module })).state, 'succeeded')

  child.kill('SIGTERM')
  assert.deepEqual(await once(child, 'exit'), [0, null])
  assert.equal(await stderr, 'plasm serve: nobody reads the log any more (EPIPE): it is not written from here on\n')
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.trim().split(' ').filter(Boolean).map(Number)
}
