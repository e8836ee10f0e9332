/** Manifests as a client writes them: accepted with every default filled in, or refused, with the code and the place. */
import { contentOf, emptyContent } from '../digest.ts'
import { PhaseError } from '../errors.ts'
import { completeManifest, inlineStdin, readManifest, taskDigest } from '../manifest.ts'
import { executor, module } from './material.ts'

const filledNonce = '00'.repeat(16)

const accepted: [string, object][] = [
  ['only the module', { module }],
  ['arguments and environment', { module, args: ['a', '', 'ü'], env: { B: '2', A: 'x=y' } }],
  ['stdin as text', { module, stdin: { text: 'Hello, ü' } }],
  ['stdin as base64', { module, stdin: { base64: 'AAH/' } }],
  ['empty stdin', { module, stdin: { text: '' } }],
  ['no output', { module, resources: { outputBytes: 0 } }],
  ['no memory at all', { module, resources: { memoryBytes: 0 } }],
  ['no fuel', { module, resources: { fuel: 0 } }],
  ['the most fuel', { module, resources: { fuel: 9_007_199_254_740_991 } }],
  ['the largest memory', { module, resources: { memoryBytes: 4_294_967_296 } }],
  ['both capabilities', { module, capabilities: ['clock', 'random'] }],
  ['a seed and a nonce of its own', { module, seed: 'ab'.repeat(32), nonce: 'cd'.repeat(32) }],
  ['a peer', { module, placement: executor.peerId }],
  [
    'everything',
    {
      module,
      profile: 'phase-wasm32-v1',
      args: [],
      env: {},
      stdin: { text: 'x' },
      resources: { cpu: 2, memoryBytes: 131_072, fuel: 5, outputBytes: 1 },
      timeoutMs: 1,
      queueMs: 0,
      capabilities: [],
      seed: '00'.repeat(32),
      nonce: '00'.repeat(16),
      placement: 'local',
      replicas: 1,
      quorum: 1,
    },
  ],
]
const refused: [string, string][] = [
  ['null', 'null'],
  ['an array', '[]'],
  ['no module', '{}'],
  ['a module that is no digest', JSON.stringify({ module: 'hello.wasm' })],
  ['a module in capitals', JSON.stringify({ module: module.toUpperCase() })],
  ['a path as module', JSON.stringify({ module: '../../etc/passwd' })],
  ...(
    [
      ['an unknown member', { command: 'x' }],
      ['an unknown member of resources', { resources: { gpu: 1 } }],
      ['an unknown member of stdin', { stdin: { file: '/etc/passwd' } }],
      ['an unknown profile', { profile: 'phase-wasm32-v2' }],
      ['a profile of old', { profile: 'phase-wasm32-v0' }],
      ['negative fuel', { resources: { fuel: -1 } }],
      ['more fuel than 2^53 - 1', { resources: { fuel: 9_007_199_254_740_992 } }],
      ['two replicas', { replicas: 2 }],
      ['a quorum of two', { quorum: 2 }],
      ['nine replicas', { replicas: 9 }],
      ['no replica', { replicas: 0 }],
      ['an unknown capability', { capabilities: ['network'] }],
      ['capabilities that are not sorted', { capabilities: ['random', 'clock'] }],
      ['a capability twice', { capabilities: ['clock', 'clock'] }],
      ['a NUL in an argument', { args: ['a\0b'] }],
      ['a NUL in a value', { env: { A: 'a\0' } }],
      ['a NUL in a key', { env: { 'A\0': 'a' } }],
      ['a lone surrogate in an argument', { args: ['\ud800'] }],
      ['a lone surrogate in a value', { env: { A: '\udc00' } }],
      ['a lone surrogate in a key', { env: { '\ud800': 'a' } }],
      ['a lone surrogate in stdin', { stdin: { text: '\ud800' } }],
      ['an empty key', { env: { '': 'x' } }],
      ['a key with =', { env: { 'A=B': 'x' } }],
      ['an argument that is no string', { args: [1] }],
      ['arguments as one string', { args: 'a b' }],
      ['stdin with no member', { stdin: {} }],
      ['stdin with two members', { stdin: { text: 'a', base64: 'YQ==' } }],
      ['stdin as a string', { stdin: 'a' }],
      ['stdin in base64 without padding', { stdin: { base64: 'YQ' } }],
      ['stdin in base64 of the URL-safe alphabet', { stdin: { base64: '_-8=' } }],
      ['cpu of zero', { resources: { cpu: 0 } }],
      ['cpu of a half', { resources: { cpu: 0.5 } }],
      ['memory that is no multiple of 65536', { resources: { memoryBytes: 65_537 } }],
      ['more memory than 4 GiB', { resources: { memoryBytes: 4_295_032_832 } }],
      ['negative output', { resources: { outputBytes: -1 } }],
      ['more output than 1 GiB', { resources: { outputBytes: 1_073_741_825 } }],
      ['no time', { timeoutMs: 0 }],
      ['more than a day', { timeoutMs: 86_400_001 }],
      ['time as a string', { timeoutMs: '30s' }],
      ['a seed of 31 bytes', { seed: 'ab'.repeat(31) }],
      ['a nonce of 15 bytes', { nonce: 'ab'.repeat(15) }],
      ['a nonce of 33 bytes', { nonce: 'ab'.repeat(33) }],
      ['a nonce of 33 digits', { nonce: 'a'.repeat(33) }],
      ['a nonce in capitals', { nonce: 'AB'.repeat(16) }],
      ['a placement that is none', { placement: 'moon' }],
      ['a did as placement', { placement: executor.did }],
    ] as [string, object][]
  ).map(([name, members]): [string, string] => [name, JSON.stringify({ module, ...members })]),
]

export function manifestVectors() {
  return {
    note: 'manifest: the JSON text. accepted: with every default filled in, the nonce too where there is none. refused: with the code and, where there is one, the JSON pointer.',
    filledNonce,
    accepted: accepted.map(([name, asked]) => {
      const manifest = readManifest(asked)
      const bytes = inlineStdin(manifest.stdin)
      const stdin = bytes === undefined ? emptyContent : contentOf(bytes)
      const complete = completeManifest(manifest, { stdin, nonce: filledNonce })
      return { name, manifest: JSON.stringify(asked), complete, taskDigest: taskDigest(complete) }
    }),
    refused: refused.map(([name, manifest]) => ({ name, manifest, ...refusal(manifest) })),
  }
}

function refusal(text: string): { code: string; pointer?: string } {
  try {
    inlineStdin(readManifest(JSON.parse(text)).stdin)
  } catch (error) {
    if (!(error instanceof PhaseError)) throw error
    return { code: error.code, ...(error.pointer === undefined ? {} : { pointer: error.pointer }) }
  }
  throw new Error(`accepted: ${text.slice(0, 200)}`)
}
