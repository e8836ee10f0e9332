/** One key, three names; and texts that are none of them. */
import { concat, hex } from '../bytes.ts'
import { signerFromSeed } from '../ed25519.ts'
import { didOf, peerIdOf } from '../identity.ts'
import { executor, stranger, submitter } from './material.ts'

const keys = [
  executor.publicKey,
  submitter.publicKey,
  stranger.publicKey,
  new Uint8Array(32),
  new Uint8Array(32).fill(255),
  concat(new Uint8Array(31), Uint8Array.of(1)),
]
const seeds = [1, 2, 3].map(byte => new Uint8Array(32).fill(byte))

export function identityVectors() {
  const { did, peerId } = executor
  return {
    note: 'names: any 32 bytes have a peer id and a did; whether they are a key that may sign is not asked. Bad texts are refused.',
    seeds: seeds.map(seed => ({ seed: hex(seed), publicKey: hex(signerFromSeed(seed).publicKey) })),
    names: keys.map(key => ({ publicKey: hex(key), peerId: peerIdOf(key), did: didOf(key) })),
    badPeerIds: [
      '',
      did,
      `${peerId} `,
      ` ${peerId}`,
      `1${peerId}`,
      peerId.slice(0, -1),
      `${peerId}1`,
      peerId.toLowerCase(),
      peerId.replace(/.$/, '0'),
      peerId.replace(/.$/, 'ü'),
      peerId.replace(/^12/, '22'),
      `12D3KooW${'z'.repeat(44)}`,
      'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N',
      '16Uiu2HAkuTDqKsGfwB3YkBZmSGq8zEkP5zqyPRM2vBZ7c3bRRJKP',
      `k51qzi5uqu5d${'a'.repeat(50)}`,
    ],
    badDids: [
      '',
      peerId,
      'did:key:',
      'did:key:z',
      did.toUpperCase(),
      `${did}#${did.slice('did:key:'.length)}`,
      did.replace('did:key:z', 'did:key:'),
      did.replace('did:key:z', 'did:key:m'),
      did.replace('did:key', 'did:web'),
      did.slice(0, -1),
      `${did}1`,
      did.replace('z6Mk', 'z16Mk'),
      `did:key:z6Mk${'z'.repeat(44)}`,
      'did:key:z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc',
      `did:key:z${peerId}`,
    ],
  }
}
