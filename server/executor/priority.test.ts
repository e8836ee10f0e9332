import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { getPriority } from 'node:os'
import { test } from 'node:test'
import { standBack } from './priority.ts'

/** Five at a time, as a pool starts them: whoever is not root has to wait for some. */
test('children in sessions of their own stand back behind this process', async () => {
  const children = Array.from({ length: 5 }, () =>
    spawn('/bin/cat', { detached: true, stdio: ['pipe', 'ignore', 'ignore'] }),
  )
  await Promise.all(children.map(standBack))
  for (const { pid } of children) {
    assert.equal(getPriority(pid), 10)
    const session = `/proc/${pid}/autogroup`
    if (existsSync(session)) assert.match(await readFile(session, 'utf8'), /nice 10$/m)
  }
  for (const child of children) child.stdin?.end()
  await Promise.all(children.map(child => once(child, 'exit')))
})

test('a child that is gone, or was never there, is no error', async () => {
  const gone = spawn('/bin/true', { stdio: 'ignore' })
  await once(gone, 'exit')
  await standBack(gone)
  const none = spawn('/no/such/program', { stdio: 'ignore' })
  const failed = once(none, 'error')
  await standBack(none)
  await failed
})
