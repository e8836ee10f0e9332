/** Listeners that cannot be had: what the operating system says, and what to do. */
import { PhaseError } from '../phase/errors.ts'

const reasons: Record<string, { why: string; hint: (setting: string) => string }> = {
  EADDRINUSE: {
    why: 'another process holds the port',
    hint: setting =>
      `Stop that process (another node?), or choose another port with --${setting}; port 0 picks a free one.`,
  },
  EACCES: {
    why: 'this user may not have the port',
    hint: setting => `Choose a port above 1023 with --${setting}.`,
  },
  EADDRNOTAVAIL: {
    why: 'this machine has no such address',
    hint: setting => `Choose an address of this machine with --${setting}.`,
  },
  ENOTFOUND: {
    why: 'the name stands for no address',
    hint: setting => `Choose an address of this machine with --${setting}.`,
  },
}

/** What `listen` does. @throws {PhaseError} `unavailable` with the setting, the address, the cause and the next step. */
export async function listening<T>(setting: string, address: string, listen: () => Promise<T>): Promise<T> {
  try {
    return await listen()
  } catch (cause) {
    const reason = reasons[codeOf(cause) ?? '']
    if (reason === undefined) throw cause
    throw new PhaseError('unavailable', `Cannot listen on ${setting} "${address}": ${reason.why}`, {
      hint: reason.hint(setting),
      cause,
    })
  }
}

/** libp2p keeps the operating system's code in its text only. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const code = 'code' in error ? String(error.code) : ''
  return code in reasons ? code : /\bE[A-Z]{4,}\b/.exec(error.message)?.[0]
}
