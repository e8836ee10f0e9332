/** Digests of arguments, environments and tasks, and the seeds that follow from tasks. */
import { hex, utf8 } from '../bytes.ts'
import { argsDigest, contentOf, digestOf, envDigest, environOf } from '../digest.ts'
import { canonical } from '../json.ts'
import { completeManifest, defaultSeed, readManifest, taskDigest, taskOf } from '../manifest.ts'
import { manifest, module, signed } from './material.ts'

const contents = ['', 'Hello, World', 'ü', '\0', '😀']
const arguments_: string[][] = [
  [],
  [''],
  ['', ''],
  ['a', 'b'],
  ['ab'],
  ['ü', '😀', 'e\u0301', '\u00e9'],
  ['a b', '"', '\n'],
]
const environments: Record<string, string>[] = [
  {},
  { A: '' },
  { B: '2', A: '1' },
  { A: '1', 'A ': '0', A0: '2' },
  { '10': 'ten', '9': 'nine' },
  { '\u{1f600}': 'last', '\ufb33': 'first' },
  { HOME: '/', LANG: 'C', X: 'a=b' },
]
const manifests = [
  { module },
  { module, args: ['a'], env: { K: 'V' }, capabilities: ['clock', 'random'] },
  { module, resources: { memoryBytes: 65_536, outputBytes: 0 } },
]

export function digestVectors() {
  const completed = manifests.map(asked =>
    completeManifest(readManifest(asked), { stdin: contentOf(utf8('Hello')), nonce: '00'.repeat(16) }),
  )
  return {
    note: 'content: sha256 of the bytes. args: sha256 over each argument and one 0x00. env: the same over each K=V, sorted by bytes. task: sha256 of its canonical form; seed: sha256("phase-seed-v1" 0x00 taskDigest).',
    content: contents.map(text => ({ hex: hex(utf8(text)), ...contentOf(utf8(text)) })),
    args: arguments_.map(args => ({ args, digest: argsDigest(args) })),
    env: environments.map(env => ({ env, environ: environOf(env), digest: envDigest(env) })),
    tasks: [manifest, ...completed].map(complete => ({
      task: taskOf(complete),
      canonical: canonical(taskOf(complete)),
      digest: taskDigest(complete),
      seed: defaultSeed(taskDigest(complete)),
    })),
    requests: [{ envelope: new TextDecoder().decode(signed.envelope), digest: signed.digest }],
    wrong: ['', 'sha256:', digestOf(utf8('')).toUpperCase(), 'sha256:00', `sha512:${'0'.repeat(64)}`, '0'.repeat(64)],
  }
}
