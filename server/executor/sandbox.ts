/**
 * How a child is shut in, layer over layer. Node's permission model is a seat belt and not a wall (its own documentation says so); what the
 * operating system adds is used where it is there.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { promisify } from 'node:util'
import { tableEntriesMax } from '../../machine/limits.ts'
import { bootstrap } from './sources.ts'

const nodeFlags = [
  // No file system, network, children, workers, addons, inspector.
  '--permission',
  '--no-addons',
  '--disable-proto=delete',
  '--disallow-code-generation-from-strings',
  '--no-warnings',
  '--expose-gc',
  // JavaScript's own heap; a guest's memory and its output lie outside it.
  '--max-old-space-size=256',
  // Admission refuses more; without the flag, 17 bytes that slip through would end the process.
  `--wasm-max-table-size=${tableEntriesMax}`,
]

/** Of util-linux, the more the better: dies with its parent even in an endless loop, gains no privileges, and as root has none. */
const setprivFile = '/usr/bin/setpriv'
const setprivTries = [
  {
    flags: ['--pdeathsig', 'KILL', '--no-new-privs', '--bounding-set=-all', '--inh-caps=-all'],
    layers: ['parentDeathSignal', 'noNewPrivileges', 'noCapabilities'],
  },
  { flags: ['--pdeathsig', 'KILL', '--no-new-privs'], layers: ['parentDeathSignal', 'noNewPrivileges'] },
]

export interface Sandbox {
  /** The layers that are on, for people and for the node's description of itself. */
  layers: string[]
  spawn(): ChildProcess
}

export async function openSandbox(): Promise<Sandbox> {
  const setpriv = await firstThatWorks()
  const command = [...(setpriv === undefined ? [] : [setprivFile, ...setpriv.flags]), process.execPath]
  const [file, ...before] = command as [string, ...string[]]
  return {
    layers: ['process', 'emptyEnvironment', 'onePipe', 'nodePermission', ...(setpriv?.layers ?? [])],
    spawn: () =>
      spawn(file, [...before, ...nodeFlags, '--input-type=module', '--eval', bootstrap], {
        // A session of its own: Ctrl-C in a terminal is for the node, which then stops its children itself.
        detached: true,
        cwd: '/',
        env: {},
        stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
      }),
  }
}

async function firstThatWorks(): Promise<(typeof setprivTries)[number] | undefined> {
  for (const one of setprivTries) {
    try {
      await promisify(execFile)(setprivFile, [...one.flags, '/bin/true'], { timeout: 5000, env: {} })
      return one
    } catch {
      // Not there (another operating system), or not allowed: the next best.
    }
  }
  return undefined
}
