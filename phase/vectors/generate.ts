/** Writes the vectors: `node phase/vectors/generate.ts`. They are checked in; vectors.test.ts fails where a file is stale. */
import { writeFileSync } from 'node:fs'
import { canonicalVectors } from './canonical.ts'
import { digestVectors } from './digests.ts'
import { ed25519Vectors } from './ed25519.ts'
import { identityVectors } from './identity.ts'
import { manifestVectors } from './manifests.ts'
import { receiptVectors } from './receipts.ts'

/** Every file's name and text. Pure: the same text in every run. */
export function vectorFiles(): Record<string, string> {
  const files = {
    'canonical.json': canonicalVectors(),
    'digests.json': digestVectors(),
    'ed25519.json': ed25519Vectors(),
    'identity.json': identityVectors(),
    'manifests.json': manifestVectors(),
    'receipts.json': receiptVectors(),
  }
  return Object.fromEntries(Object.entries(files).map(([name, value]) => [name, `${JSON.stringify(value, null, 1)}\n`]))
}

export const pathOf = (name: string): URL => new URL(name, import.meta.url)

if (import.meta.main) for (const [name, text] of Object.entries(vectorFiles())) writeFileSync(pathOf(name), text)
