/** Pages, workers, and whatever has no files: everything that matters is there all the same. */
import { digester } from '../../../../phase/digest.ts'
import { nobleEd25519 } from '../../../../phase/ed25519.ts'
import { ArgumentError } from '../errors.ts'
import type { Platform } from './platform.ts'

export const platform: Platform = {
  userAgent: undefined,
  streamsUploads: false,
  fetch: (url, init) => globalThis.fetch(url, init),
  ed25519: nobleEd25519,
  random: bytes => crypto.getRandomValues(new Uint8Array(bytes)),
  digester,
  environment: () => undefined,
  openFile: async path => {
    throw new ArgumentError(`Cannot read "${String(path).slice(0, 200)}": there are no files here`, {
      hint: 'Pass the bytes, or a Blob.',
    })
  },
}
