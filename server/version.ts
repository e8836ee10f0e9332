/** The node's version, said once: in server/package.json. */
import manifest from './package.json' with { type: 'json' }

export const version: string = manifest.version
