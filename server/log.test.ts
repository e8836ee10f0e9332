/** A real node whose log has lost its reader. */
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from './testing/client.ts'
import { freePort } from './testing/port.ts'
import { inTerminal, keys } from './testing/terminal.ts'

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

test('while nobody reads, lines are kept within a bound, and the rest is counted where it is missing', async t => {
  const log = JSON.stringify(new URL('log.ts', import.meta.url).href)
  const program = `
    import { lineWriter } from ${log}
    const write = lineWriter(process.stdout, {
      lost: () => process.exit(9),
      skipped: lines => write(JSON.stringify({ lines }) + '\\n'),
    })
    for (let number = 0; number < 50_000; number++) write(JSON.stringify({ number, text: 'x'.repeat(100) }) + '\\n')
    process.send(process.stdout.writableLength)
    process.disconnect()
    process.stdout.once('drain', () => write(JSON.stringify({ number: 50_000 }) + '\\n'))
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  t.after(() => child.kill('SIGKILL'))
  const [unread] = (await once(child, 'message')) as [number]
  assert.ok(unread > 900_000 && unread < 1_100_000, `${unread} bytes wait`)
  let [next, gaps] = [0, 0]
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    const { number, lines } = JSON.parse(line) as { number: number; lines?: number }
    if (lines !== undefined) [next, gaps] = [next + lines, gaps + 1]
    else assert.equal(number, next++)
  }
  assert.deepEqual([next, gaps], [50_001, 1])
})

test('a node whose log is held open and not read serves, and stops cleanly', async t => {
  const directory = await mkdtemp(join(tmpdir(), 'plasm-log-'))
  t.after(() => rm(directory, { recursive: true }))
  const port = await freePort()
  const unread = await fullPipe(join(directory, 'log'))
  t.after(() => closeSync(unread))
  const flags = [
    '--data-dir',
    directory,
    '--http',
    `127.0.0.1:${port}`,
    '--p2p',
    '/ip4/127.0.0.1/tcp/0',
    '--slots',
    '1',
  ]
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), 'serve', ...flags], {
    stdio: ['ignore', unread, 'pipe'],
  })
  t.after(() => child.kill('SIGKILL'))
  const stderr = text(child.stderr as NodeJS.ReadableStream)
  const client = new Client(`http://127.0.0.1:${port}`)
  await answers(`${client.url}/livez`)
  assert.equal((await client.run({ module: await client.uploadHello() })).state, 'succeeded')
  child.kill('SIGTERM')
  assert.deepEqual(await once(child, 'exit'), [0, null])
  assert.equal(await stderr, 'plasm serve: nobody reads the end of the log\n')
})

test('a node in a terminal that is paused serves, shows later what it had to say, and stops cleanly', async t => {
  if (spawnSync('python3', ['--version']).status !== 0) return t.skip('python3 is not here')
  const directory = await mkdtemp(join(tmpdir(), 'plasm-log-'))
  t.after(() => rm(directory, { recursive: true }))
  const flags = ['--data-dir', directory, '--http', '127.0.0.1:0', '--p2p', '/ip4/127.0.0.1/tcp/0', '--slots', '1']
  const terminal = inTerminal([process.execPath, join(import.meta.dirname, 'main.ts'), 'serve', ...flags])
  t.after(() => terminal.stdin.end())
  const shown = createInterface({ input: terminal.stdout })[Symbol.asyncIterator]()
  const until = async (wanted: RegExp): Promise<string> => {
    for (;;) {
      const { value, done } = await shown.next()
      assert.ok(done !== true, `the terminal never showed ${wanted}`)
      const found = wanted.exec(value)
      if (found !== null) return found[1] ?? found[0]
    }
  }
  const pid = Number(await until(/^\d+$/))
  const client = new Client(await until(/serves (http:\S+)/))
  const module = await client.uploadHello()
  const loseChildren = async () => {
    for (const child of await childrenOf(pid)) killIfThere(child)
    assert.equal((await client.run({ module })).state, 'succeeded')
  }
  terminal.stdin.write(keys.pause)
  await loseChildren()
  terminal.stdin.write(keys.resume)
  await until(/child/)
  terminal.stdin.write(keys.pause)
  await loseChildren()
  process.kill(pid, 'SIGTERM')
  assert.deepEqual(await once(terminal, 'exit'), [0, null])
})

/** A child that rewrote a module ends by itself. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ESRCH')
  }
}

/** A pipe that takes no more bytes. */
async function fullPipe(path: string): Promise<number> {
  execFileSync('mkfifo', [path])
  const pipe = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  try {
    for (;;) writeSync(pipe, '\n'.repeat(4096))
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN')
  }
  return pipe
}

/** It says nowhere else that it is there. */
async function answers(url: string): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const answer = await fetch(url).catch(() => undefined)
    if (answer?.ok) return
    await delay(50)
  }
  assert.fail(`${url} does not answer`)
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.trim().split(' ').filter(Boolean).map(Number)
}
