/** Writes `openapi.json` from the routes and schemas: the one document that the SDKs are generated from. It is never edited by hand. */
import { writeFile } from 'node:fs/promises'
import { createLog } from '../server/log.ts'
import { type AppParts, createApp } from '../server/routes/app.ts'
import { version } from '../server/version.ts'

export const documentFile = new URL('openapi.json', import.meta.url)

/** The document as text. No part is started: describing the surface asks nothing of the node. */
export async function generate(): Promise<string> {
  const inert = new Proxy({}, { get: (_target, name) => name })
  const app = createApp({
    ...(Object.fromEntries(partNames.map(name => [name, inert])) as unknown as AppParts),
    http: { host: '127.0.0.1', port: 0, allowHosts: [], allowOrigins: [] },
    log: createLog('json', () => {}),
    version,
  })
  try {
    return `${JSON.stringify(await app.document(), null, 2)}\n`
  } finally {
    await app.close()
  }
}

const partNames = [
  'jobs',
  'receipts',
  'modules',
  'blobs',
  'scheduler',
  'events',
  'peers',
  'executor',
  'node',
  'ed25519',
  'metrics',
]

if (import.meta.main) await writeFile(documentFile, await generate())
