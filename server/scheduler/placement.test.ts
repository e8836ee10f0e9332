import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { emptyContent } from '../../phase/digest.ts'
import { type CompleteManifest, completeManifest } from '../../phase/manifest.ts'
import { type Candidate, canKeep, place } from './placement.ts'

const mib = 2 ** 20
const self = '12D3KooWSelf'

function manifest(changes: Partial<CompleteManifest> = {}): CompleteManifest {
  const complete = completeManifest(
    { module: `sha256:${'a'.repeat(64)}` },
    { stdin: emptyContent, nonce: '0'.repeat(32) },
  )
  return { ...complete, ...changes }
}

function candidate(peerId: string, changes: Partial<Candidate['peer']> = {}, rest: Partial<Candidate> = {}): Candidate {
  const limits = {
    memoryBytes: 512 * mib,
    outputBytes: 64 * mib,
    stdinBytes: 64 * mib,
    moduleBytes: 64 * mib,
    timeoutMs: 60_000,
  }
  const peer = { peerId, slots: 2, load: 0, latencyUs: 1000, profiles: ['phase-wasm32-v1'], limits, ...changes }
  return { peer, slotsInFlight: 0, excludedUntilMs: 0, ...rest }
}

const local = (slots: number, slotsFree = slots) => ({ peerId: self, slots, slotsFree })

test('a free slot here is taken first, unless the job asks for another place', () => {
  assert.deepEqual(place(manifest(), local(2), [candidate('a')], 0), { kind: 'local' })
  assert.deepEqual(place(manifest({ placement: 'remote' }), local(2), [candidate('a')], 0), {
    kind: 'remote',
    peerId: 'a',
  })
  assert.deepEqual(place(manifest({ placement: self }), local(2), [candidate('a')], 0), { kind: 'local' })
})

test('a job for this node alone waits here, whoever else is free', () => {
  assert.equal(place(manifest({ placement: 'local' }), local(2, 0), [candidate('a')], 0).kind, 'wait')
})

test('a node without slots sends everything away', () => {
  assert.deepEqual(place(manifest(), local(0), [candidate('a')], 0), { kind: 'remote', peerId: 'a' })
})

test('the least loaded peer is chosen, then the nearest', () => {
  const peers = [
    candidate('busy', { load: 90 }),
    candidate('far', { latencyUs: 9000 }),
    candidate('near', { latencyUs: 10 }),
  ]
  assert.deepEqual(place(manifest(), local(0), peers, 0), { kind: 'remote', peerId: 'near' })
})

test('jobs that this node sent there count as load before the peer says so', () => {
  const peers = [candidate('a', {}, { slotsInFlight: 2 }), candidate('b', { latencyUs: 9000 })]
  assert.deepEqual(place(manifest(), local(0), peers, 0), { kind: 'remote', peerId: 'b' })
})

test('a peer that refused is left alone until its time is over', () => {
  const peers = [candidate('a', {}, { excludedUntilMs: 500 })]
  assert.deepEqual(place(manifest(), local(0), peers, 499), {
    kind: 'wait',
    why: 'every executor that could take it is busy',
  })
  assert.deepEqual(place(manifest(), local(0), peers, 500), { kind: 'remote', peerId: 'a' })
})

test('a peer that cannot keep a limit is never chosen', () => {
  const small = candidate('a', {
    limits: { memoryBytes: mib, outputBytes: 0, stdinBytes: 0, moduleBytes: 0, timeoutMs: 1 },
  })
  assert.deepEqual(place(manifest(), local(0), [small], 0), {
    kind: 'wait',
    why: 'no known executor can keep its limits',
  })
  assert.deepEqual(place(manifest(), local(0), [], 0), { kind: 'wait', why: 'no executor is known' })
})

test('whatever is known, a chosen peer can keep the job and is the one that was asked for', () => {
  const peers = fc.array(
    fc.record({
      peerId: fc.constantFrom('a', 'b', 'c', 'd'),
      slots: fc.integer({ min: 1, max: 4 }),
      load: fc.integer({ min: 0, max: 200 }),
      latencyUs: fc.nat(),
      memory: fc.constantFrom(mib, 64 * mib, 512 * mib),
      inFlight: fc.integer({ min: 0, max: 10 }),
      excluded: fc.constantFrom(0, 1000),
    }),
  )
  fc.assert(
    fc.property(
      peers,
      fc.constantFrom('any', 'remote', 'local', 'a', 'b'),
      fc.integer({ min: 1, max: 4 }),
      (rows, placement, cpu) => {
        const candidates = rows.map(({ memory, inFlight, excluded, ...peer }) => {
          const made = candidate(peer.peerId, peer, { slotsInFlight: inFlight, excludedUntilMs: excluded })
          return { ...made, peer: { ...made.peer, limits: { ...made.peer.limits, memoryBytes: memory } } }
        })
        const asked = manifest({ placement, resources: { cpu, memoryBytes: 64 * mib, fuel: 1, outputBytes: mib } })
        const placed = place(asked, local(0), candidates, 500)
        assert.notEqual(placed.kind, 'local')
        if (placed.kind !== 'remote') return
        const chosen = candidates.filter(({ peer }) => peer.peerId === placed.peerId)
        assert.ok(chosen.some(({ peer, excludedUntilMs }) => canKeep(peer, asked) && excludedUntilMs <= 500))
        assert.ok(['any', 'remote', placed.peerId].includes(placement))
      },
    ),
  )
})
