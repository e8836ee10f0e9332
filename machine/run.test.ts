import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { runBytes, runFixture } from './fixtures/run.ts'
import type { RunResult } from './run.ts'

const mebibyte = 1024 * 1024

/** What a test looks at, outputs as text. */
function seen(result: RunResult) {
  if (result.kind === 'faulted') return { faulted: result.reason }
  const { outcome, stopped, trap, stdout } = result
  const reason = outcome.reason === 'exited' ? outcome.exitCode : outcome.reason
  return { ended: reason, ...(stopped && { stopped }), ...(trap && { trap }), stdout: Buffer.from(stdout).toString() }
}

describe('a run ends as the guest made it end', () => {
  const expected: Record<string, object> = {
    'no-memory': { ended: 0, stdout: '' },
    'exit-3': { ended: 3, stdout: '' },
    simd: { ended: 10, stdout: '' },
    'start-function': { ended: 0, stdout: '12' },
    'trap-unreachable': { ended: 'stopped', stopped: 'trapped', trap: 'unreachable', stdout: 'before' },
    'trap-divide': { ended: 'stopped', stopped: 'trapped', trap: 'divideByZero', stdout: '' },
    'trap-memory': { ended: 'stopped', stopped: 'trapped', trap: 'memoryOutOfBounds', stdout: '' },
    'trap-data': { ended: 'stopped', stopped: 'trapped', trap: 'memoryOutOfBounds', stdout: '' },
    'trap-indirect': { ended: 'stopped', stopped: 'trapped', trap: 'indirectCallMismatch', stdout: '' },
    'deep-recursion': { ended: 'stopped', stopped: 'depthExhausted', stdout: '' },
    files: { ended: 0, stdout: 'scratch' },
    'wild-pointers': { ended: 'stopped', stopped: 'trapped', trap: 'memoryOutOfBounds', stdout: 'before' },
    'memory-initial-big': { faulted: 'moduleRejected' },
  }
  for (const [name, end] of Object.entries(expected)) {
    test(name, async () => assert.deepEqual(seen(await runFixture(name)), end))
  }
})

describe('memory', () => {
  test('grows to the limit of the job and not a page further', async () => {
    for (const pages of [1, 7, 1024]) {
      const result = await runFixture('memory-bomb', { memoryBytesMax: pages * 65_536 })
      assert.ok(result.kind === 'ended')
      assert.deepEqual(result.outcome, { reason: 'exited', exitCode: pages })
      assert.equal(result.memoryBytesPeak, pages * 65_536)
    }
  })

  test('refuses growths whose sum would wrap', async () => {
    assert.deepEqual(seen(await runFixture('memory-bomb-at-once', { memoryBytesMax: 4096 * mebibyte })), {
      ended: 0,
      stdout: '',
    })
  })

  test('of 96 MiB is there when the limit allows it, and told to the guest when not', async () => {
    assert.deepEqual(seen(await runFixture('memory-big', { memoryBytesMax: 96 * mebibyte })), { ended: 0, stdout: '' })
    assert.deepEqual(seen(await runFixture('memory-big', { memoryBytesMax: 95 * mebibyte })), { ended: 1, stdout: '' })
  })
})

test('a table grows to the bound of the profile', async () => {
  assert.deepEqual(seen(await runFixture('table-grow-bomb')), { ended: 99_001, stdout: '' })
})

describe('output', () => {
  test('that would pass the limit ends the run, and what came before is the output', async () => {
    const result = await runFixture('output-flood', { outputBytesMax: 100_000 })
    assert.ok(result.kind === 'ended')
    assert.deepEqual(result.outcome, { reason: 'outputExceeded' })
    assert.equal(result.stdout.length, 65_536)
  })

  test('that fills the limit to the byte is fine', async () => {
    const stdin = new Uint8Array(5000).fill(7)
    const result = await runFixture('echo', { stdin, outputBytesMax: 5000 })
    assert.ok(result.kind === 'ended')
    assert.deepEqual(result.outcome, { reason: 'exited', exitCode: 0 })
    assert.deepEqual(result.stdout, stdin)
  })

  test('of nothing is all that a limit of 0 allows', async () => {
    assert.deepEqual(seen(await runFixture('trap-unreachable', { outputBytesMax: 0 })), {
      ended: 'outputExceeded',
      stdout: '',
    })
  })
})

test('argv begins with plasm, and the environment comes in the order given', async () => {
  const result = await runFixture('args-and-environ', { args: ['', 'zwei', 'drei'], environ: ['B=1', 'A=ä'] })
  assert.deepEqual(seen(result), { ended: 0, stdout: 'plasm\0\0zwei\0drei\0B=1\0A=ä\0' })
})

describe('clock and random', () => {
  const clockOf = (result: RunResult) => {
    assert.ok(result.kind === 'ended')
    return {
      time: Buffer.from(result.stdout).readBigUInt64LE(),
      random: Buffer.from(result.stdout.subarray(8)).toString('hex'),
    }
  }

  test('are the same in every run without a grant: the fuel of a host call, ChaCha20 of the seed', async () => {
    // RFC 8439 has this block for a key and nonce of zeros (appendix A.1, test vector 1).
    const random = '76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7'
    assert.deepEqual(clockOf(await runFixture('clock-and-random')), { time: 500n, random })
    const other = clockOf(await runFixture('clock-and-random', { seed: new Uint8Array(32).fill(1) }))
    assert.notEqual(other.random, random)
  })

  test('are the host’s own where it grants them', async () => {
    const clock = { realtimeNs: () => 77n, monotonicNs: () => 78n, sleep: () => {} }
    const result = await runFixture('clock-and-random', { clock, random: target => void target.fill(0xab) })
    assert.deepEqual(clockOf(result), { time: 77n, random: 'ab'.repeat(32) })
  })

  test('sleeping ten days takes no time but the guest’s', async () => {
    const result = await runFixture('sleep')
    assert.ok(result.kind === 'ended')
    assert.equal(Buffer.from(result.stdout).readBigUInt64LE(), 864_000_000_001_049n)
  })
})

test('scratch files are bounded, and the guest is told', async () => {
  assert.deepEqual(seen(await runFixture('file-flood')), { ended: 22, stdout: '' })
})

describe('hello', async () => {
  const hello = await readFile(new URL('../examples/hello/hello.wasm', import.meta.url))
  const say = (stdin: string | Uint8Array) => {
    const result = runBytes(hello, { stdin: Buffer.from(stdin as string), outputBytesMax: 16 * mebibyte })
    assert.ok(result.kind === 'ended')
    return Buffer.from(result.stdout)
  }

  test('reverses Hello, World when nobody says anything', () => assert.equal(say('').toString(), 'dlroW ,olleH'))
  test('keeps the newline of each line, and its lack', () => {
    assert.equal(say('abc\n\nde').toString(), 'cba\n\ned')
    assert.equal(say('\n').toString(), '\n')
  })
  test('reverses by code point', () => assert.equal(say('aé€😀z\n').toString(), 'z😀€éa\n'))
  test('keeps bytes that are not UTF-8 as they are, one by one', () => {
    assert.deepEqual(say(Buffer.from('ff61c080e28262', 'hex')).toString('hex'), '6282e280c061ff')
    assert.deepEqual(say(Buffer.from('eda080f4908080f09f98', 'hex')).toString('hex'), '989ff0808090f480a0ed')
  })
  test('takes more input than its memory held at first', () => {
    const line = `${'x'.repeat(999)}y\n`
    assert.equal(say(line.repeat(5000)).toString(), `y${'x'.repeat(999)}\n`.repeat(5000))
  })
})
