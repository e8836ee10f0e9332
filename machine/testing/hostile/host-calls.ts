/** Host calls in storms, and with what they should not get. */
import type { Hostile } from './corpus.ts'
import { endless, exits, guest } from './guest.ts'

const mebibyte = 1024 * 1024
const write = (fd: number, vectors: string, count: string, at = '(i32.const 16)') =>
  `(call $fd_write (i32.const ${fd}) ${vectors} ${count} ${at})`
/** 1,024 vectors at 1024, each of the first bytes of memory. */
const manyVectors = (bytes: number) => `(local.set $i (i32.const 0))
  (loop $fill (i32.store (i32.add (i32.const 1024) (i32.mul (local.get $i) (i32.const 8))) (i32.const 0))
    (i32.store (i32.add (i32.const 1028) (i32.mul (local.get $i) (i32.const 8))) (i32.const ${bytes}))
    (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1024))))`
const one = (at: number, size: number) =>
  `(i32.store (i32.const 0) (i32.const ${at})) (i32.store (i32.const 4) (i32.const ${size}))`
const vector = '(i32.const 0)'
const again = (call: string) => `(drop ${call})`

const outputs: Record<string, Hostile> = {
  'output without end': guest(
    `${one(1024, 65_536)} (loop $again (drop ${write(1, vector, '(i32.const 1)')}) (br $again))`,
    'outputExceeded',
    { calls: ['fd_write'] },
  ),
  'errors without end': guest(
    `${one(1024, 1000)} (loop $again (drop ${write(2, vector, '(i32.const 1)')}) (br $again))`,
    'outputExceeded',
    { calls: ['fd_write'] },
  ),
  'output of one byte at a time': guest(
    `${one(1024, 1)} (loop $again (drop ${write(1, vector, '(i32.const 1)')}) (br $again))`,
    'outputExceeded',
    { calls: ['fd_write'] },
    { outputBytes: 4096 },
  ),
  'output of nothing for ever': endless(again(write(1, vector, '(i32.const 0)')), { calls: ['fd_write'] }),
  'sixty-four megabytes out of overlapping vectors in one call': guest(
    `${manyVectors(65_536)} (drop ${write(1, '(i32.const 1024)', '(i32.const 1024)')})`,
    'fuelExhausted',
    { calls: ['fd_write'] },
  ),
  'four megabytes out of overlapping vectors': guest(
    `${manyVectors(4_096)} (drop ${write(1, '(i32.const 1024)', '(i32.const 1024)')})`,
    'exited 0',
    { calls: ['fd_write'] },
    { outputBytes: 5 * mebibyte, fuel: 10_000_000_000 },
  ),
  'four thousand million vectors': exits(write(1, vector, '(i32.const -1)'), 28, { calls: ['fd_write'] }),
  'vectors that lie outside': guest(
    `(drop ${write(1, '(i32.const 131064)', '(i32.const 2)')})`,
    'trapped memoryOutOfBounds',
    { calls: ['fd_write'] },
  ),
  'a vector of four gigabytes': guest(`${one(0, -1)} (drop ${write(1, vector, '(i32.const 1)')})`, 'fuelExhausted', {
    calls: ['fd_write'],
  }),
  'the count written where there is nothing': guest(
    `${one(0, 4)} (drop ${write(1, vector, '(i32.const 1)', '(i32.const -4)')})`,
    'trapped memoryOutOfBounds',
    { calls: ['fd_write'] },
  ),
  'the count written to a crooked place': guest(
    `${one(0, 4)} (drop ${write(1, vector, '(i32.const 1)', '(i32.const 17)')})`,
    'trapped misalignedPointer',
    { calls: ['fd_write'] },
  ),
  'vectors that are read into themselves': guest(
    `${manyVectors(65_536)} (drop (call $fd_read (i32.const 0) (i32.const 1024) (i32.const 1024) (i32.const 16)))`,
    'fuelExhausted',
    { calls: ['fd_read'] },
    { stdinBytes: 262_144 },
  ),
}

const poll = (count: string, from = '(i32.const 1024)', to = '(i32.const 262144)') =>
  `(call $poll_oneoff ${from} ${to} ${count} (i32.const 16))`
const sleeping = '(i64.store (i32.const 1048) (i64.const -1))'

const storms: Record<string, Hostile> = {
  'random over the whole memory for ever': endless(again('(call $random_get (i32.const 0) (i32.const 67108864))'), {
    calls: ['random_get'],
    pages: '1024',
  }),
  'random of four gigabytes': guest(again('(call $random_get (i32.const 0) (i32.const -1))'), 'fuelExhausted', {
    calls: ['random_get'],
  }),
  'granted random over the whole memory for ever': endless(
    again('(call $random_get (i32.const 0) (i32.const 1048576))'),
    { calls: ['random_get'], pages: '1024' },
    { capabilities: ['random'] },
  ),
  'sched_yield for ever': endless(again('(call $sched_yield)'), { calls: ['sched_yield'] }),
  'the clock for ever': endless(again('(call $clock_time_get (i32.const 1) (i64.const 0) (i32.const 16))'), {
    calls: ['clock_time_get'],
  }),
  'the arguments for ever': endless(
    again('(call $args_get (i32.const 0) (i32.const 65536))'),
    { calls: ['args_get'], pages: '16' },
    { args: Array.from({ length: 60 }, () => 'x'.repeat(1000)) },
  ),
  'descriptors that nobody has, for ever': endless(again('(call $fd_close (i32.const 77))'), { calls: ['fd_close'] }),
  'sleep until the end of time, for ever': endless(`${sleeping} (drop ${poll('(i32.const 1)')})`, {
    calls: ['poll_oneoff'],
    pages: '8',
  }),
  'four thousand sleepers for ever': endless(again(poll('(i32.const 4096)')), { calls: ['poll_oneoff'], pages: '8' }),
  'four thousand million sleepers': exits(
    poll('(i32.const -1)'),
    28,
    { calls: ['poll_oneoff'], pages: '8' },
    { fuel: 10_000_000_000_000 },
  ),
  'sleepers that lie outside': guest(again(poll('(i32.const 4)', '(i32.const 131064)')), 'trapped memoryOutOfBounds', {
    calls: ['poll_oneoff'],
  }),
  'events that lie over their subscriptions': exits(poll('(i32.const 4)', '(i32.const 1024)', '(i32.const 1024)'), 0, {
    calls: ['poll_oneoff'],
  }),
  'real sleep until the end of time': guest(
    `${sleeping} (drop ${poll('(i32.const 1)')})`,
    'timedOut',
    { calls: ['poll_oneoff'], pages: '8' },
    { capabilities: ['clock'], endless: true },
  ),
  'sockets that are not there': exits('(call $sock_shutdown (i32.const 1) (i32.const 0))', 57, {
    calls: ['sock_shutdown'],
  }),
  'a signal': exits('(call $proc_raise (i32.const 9))', 58, { calls: ['proc_raise'] }),
  'all streams closed, then written to': exits(
    `(block (result i32) (drop (call $fd_close (i32.const 0))) (drop (call $fd_close (i32.const 1))) (drop (call $fd_close (i32.const 2)))
       (drop (call $fd_close (i32.const 3))) ${write(1, vector, '(i32.const 1)')})`,
    8,
    { calls: ['fd_close', 'fd_write'] },
  ),
  'descriptors moved about for ever': endless(again('(call $fd_renumber (i32.const 0) (i32.const 0))'), {
    calls: ['fd_renumber'],
  }),
}

export const hostCalls: Record<string, Hostile> = { ...outputs, ...storms }
