/** A key of OpenPGP for a test, in a home of its own, gone with its directory. */
import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { promisify } from 'node:util'

export interface ThrowAwayKey {
  /** What gpg finds it by. */
  who: string
  /** What gpg is run with. */
  env: NodeJS.ProcessEnv
  /** Ends the agent that gpg has left running. */
  forget(): Promise<void>
}

/** Makes a key in `home`, which may have others already. */
export async function throwAwayKey(home: string, who = 'Test <test@example.invalid>'): Promise<ThrowAwayKey> {
  const run = promisify(execFile)
  await mkdir(home, { recursive: true, mode: 0o700 })
  const env = { ...process.env, GNUPGHOME: home }
  await run('gpg', ['--batch', '--passphrase', '', '--quick-generate-key', who, 'ed25519', 'sign', 'never'], { env })
  return { who, env, forget: async () => void (await run('gpgconf', ['--kill', 'all'], { env })) }
}
