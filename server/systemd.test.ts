import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { notifyReady } from './systemd.ts'

/** A service manager's end of it: prints the first datagram. */
const manager = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.settimeout(20); s.bind(sys.argv[1]); print('bound', flush=True)
print(s.recv(4096).decode())
`

test('systemd is told that the node is ready, and what it serves', async t => {
  if (!has('systemd-notify') || !has('python3')) return t.skip('systemd-notify or python3 is not here')
  const directory = await mkdtemp(join(tmpdir(), 'plasm-notify-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  const socket = join(directory, 'notify')
  const listener = spawn('python3', ['-c', manager, socket], { stdio: ['ignore', 'pipe', 'inherit'] })
  const said = text(listener.stdout)
  await new Promise(resolve => listener.stdout.once('data', resolve))
  // It waits until its word was taken, which this manager does not say: how it ends is not asked.
  await notifyReady({ NOTIFY_SOCKET: socket }, 'Serves http://127.0.0.1:7527').catch(() => {})
  assert.match(await said, /READY=1[^]*STATUS=Serves http:\/\/127\.0\.0\.1:7527|STATUS=Serves [^]*READY=1/)
})

test('without a service manager nobody is told', () => notifyReady({}, 'nothing'))

function has(tool: string): boolean {
  try {
    execFileSync(tool, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
