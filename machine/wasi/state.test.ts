import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type WasiState, wasiState } from './state.ts'
import { type Call, Guest } from './testing/guest.ts'

const all = 0x2d6

/** Which parts of the state the last call changes. */
function changed(...calls: Call[]): string[] {
  const guest = new Guest({ passedNs: () => 0n, stdin: new Uint8Array(9), files: { 'folder/a': new Uint8Array(3) } })
  for (const call of calls.slice(0, -1)) assert.equal(guest.call(call)[0], 0)
  const before = wasiState(guest.wasi.system)
  guest.call(calls.at(-1) as Call)
  const after = wasiState(guest.wasi.system)
  return (Object.keys(before) as (keyof WasiState)[]).filter(part => before[part] !== after[part])
}

describe('what a host call changes changes the digest of its part of the state', () => {
  test('outputs, inputs, the generator', () => {
    assert.deepEqual(changed(['fd_write', 1, 'text']), ['stdout'])
    assert.deepEqual(changed(['fd_write', 2, 'text']), ['stderr'])
    assert.deepEqual(changed(['fd_read', 0, 4]), ['descriptors'])
    assert.deepEqual(changed(['random_get', 1024, 4]), ['random'])
    assert.deepEqual(changed(['sched_yield']), [])
  })

  test('files and descriptors', () => {
    const open: Call = ['path_open', 3, 0, 'folder/a', 0, all, all, 0]
    assert.deepEqual(changed(open), ['files', 'descriptors'])
    assert.deepEqual(changed(open, ['fd_write', 4, 'x']), ['files', 'descriptors'])
    assert.deepEqual(changed(open, ['fd_pwrite', 4, 'x', 0]), ['files'])
    assert.deepEqual(changed(open, ['fd_seek', 4, 1, 0]), ['descriptors'])
    assert.deepEqual(changed(open, ['fd_read', 4, 1]), ['descriptors'])
    assert.deepEqual(changed(open, ['path_unlink_file', 3, 'folder/a'], ['fd_pwrite', 4, 'x', 0]), ['files'])
    assert.deepEqual(changed(['path_symlink', 'folder', 3, 'link']), ['files'])
    assert.deepEqual(changed(['path_create_directory', 3, 'new']), ['files'])
    assert.deepEqual(changed(['path_filestat_get', 3, 0, 'folder/a']), [])
  })

  test('and nothing else does: two that did the same are in the same state', () => {
    const twice = [0, 1].map(() => {
      const guest = new Guest()
      for (const name of ['b', 'a', 'c']) guest.call(['path_create_directory', 3, name])
      guest.call(['path_remove_directory', 3, 'a'])
      return wasiState(guest.wasi.system)
    })
    assert.deepEqual(twice[0], twice[1])
  })
})
