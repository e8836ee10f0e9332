/**
 * How a child is shut in, layer over layer. Node's permission model is a seat belt and not a wall (its own documentation says so); what the
 * operating system adds is used where it is there, the strongest of the chains below that works.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { realpathSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { elementsMax } from '../../machine/limits.ts'
import { standBack } from './priority.ts'
import { seccompFilter } from './seccomp.ts'
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
  // Tables the machine keeps smaller; V8 holds segments against it, too. Without the flag, 17 bytes that slip through would end the process.
  `--wasm-max-table-size=${elementsMax}`,
]

/** How the engine works, by what the child is for. */
const engineFlags = {
  running: [
    // Each slot is a core's worth: helpers that collect on other cores take them from other guests, and a job waits for them.
    '--single-threaded-gc',
    // It does the same over and over, and pauses between: the best code comes after 20,000 small jobs without this, after 5,000 with it.
    '--invocation-count-for-turbofan=500',
  ],
  // It does one thing once: the best compiler would take both cores from it, and be done when it is. And nothing in it lives long.
  rewriting: ['--max-opt=2', '--min-semi-space-size=16', '--max-semi-space-size=16'],
} as const

export type Work = keyof typeof engineFlags

/** What is always there. */
const ownLayers = ['process', 'emptyEnvironment', 'onePipe', 'nodePermission']

export interface Sandbox {
  /** The layers that are on, for people and for the node's description of itself. */
  layers: string[]
  /** A child for that work, which waits for its program (sources.ts). `addressBytesMax` bounds its memory, where limits can be set at all. */
  spawn(work: Work, bounds?: Bounds): ChildProcess
  /** Node with these arguments instead, and so with nothing around it but what the operating system gives. */
  spawnPlain(args: readonly string[]): ChildProcess
}

export interface Bounds {
  addressBytesMax?: number
}

/** Commands, each of which runs the next; the last one runs `node`. */
interface Chain {
  layers: string[]
  /** `user` is of no other child at that time. */
  command(user: number, bounds: Bounds): string[]
  node: string
  /** Read by the command from descriptor 4. */
  filter?: Uint8Array
}

/** The first of those that work; the last of them always does. */
export async function openSandbox(): Promise<Sandbox> {
  for await (const sandbox of workingSandboxes()) return sandbox
  throw new Error('a process without anything around it cannot be started')
}

/** Tries the chains, some 50 ms each, the strongest first. */
export async function* workingSandboxes(): AsyncGenerator<Sandbox> {
  if (process.platform === 'linux') {
    for (const chain of chains()) if (await works(chain)) yield sandboxOf(chain)
  }
  yield sandboxOf(bare)
}

function sandboxOf(chain: Chain): Sandbox {
  let users = 0
  return {
    layers: [...ownLayers, ...chain.layers],
    spawn: (work, bounds = {}) => {
      const args = [...nodeFlags, ...engineFlags[work], '--input-type=module', '--eval', bootstrap]
      return start(chain, users++, args, bounds)
    },
    spawnPlain: args => start(chain, users++, args),
  }
}

const isRoot = process.getuid?.() === 0
const node = realpathSync(process.execPath)
const bare: Chain = { layers: [], command: () => [], node }

/** User ids that nothing else is given on a system by the rules of systemd (https://systemd.io/UIDS-GIDS). */
const userFirst = 60_578
const userCount = 600

/** Of util-linux. The child dies with its parent even in an endless loop, gains no privileges, and as root has none. */
function setpriv({ drop, user }: { drop: boolean; user: number | undefined }): string[] {
  const ids = user === undefined ? [] : ['--reuid', String(user), '--regid', String(user), '--clear-groups']
  const none = drop ? ['--bounding-set=-all', '--inh-caps=-all'] : []
  return ['/usr/bin/setpriv', '--pdeathsig', 'KILL', '--no-new-privs', ...none, ...ids]
}

/** Writes nothing into a file, leaves no core, opens little. A user of its own may be bound in processes, too: threads count, and Node has a dozen. */
function limits(ownUser: boolean, { addressBytesMax }: Bounds): string[] {
  const processes = ownUser ? ['--nproc=64'] : []
  const memory = addressBytesMax === undefined ? [] : [`--as=${addressBytesMax}`]
  return ['/usr/bin/prlimit', '--core=0', '--fsize=0', '--nofile=64', ...processes, ...memory]
}

/** Where memory runs out, the kernel takes a child before it takes the node. */
const firstOutOfMemory = ['/usr/bin/choom', '-n', '1000', '--']

/** A network without interfaces, and nobody else's System V objects. */
const ownNetwork = ['--net', '--ipc', '--uts', '--']

/** Nothing of the host's files but Node and the libraries, no other process, no network. */
const bubblewrap = [
  ['/usr/bin/bwrap', '--unshare-all', '--die-with-parent'],
  ...['/lib', '/lib64', '/usr/lib', '/usr/lib64'].map(path => ['--ro-bind-try', path, path]),
  ['--ro-bind', node, '/node'],
].flat()

function chains(): Chain[] {
  const filter = seccompFilter()
  const user = (number: number) => (isRoot ? userFirst + (number % userCount) : undefined)
  const before = (bounds: Bounds) => [...firstOutOfMemory, ...limits(isRoot, bounds)]
  const usual = [
    'firstOutOfMemory',
    'resourceLimits',
    'parentDeathSignal',
    'noNewPrivileges',
    'noCapabilities',
    ...(isRoot ? ['ownUser'] : []),
  ]
  const shut = (number: number, bounds: Bounds) => [...before(bounds), ...setpriv({ drop: isRoot, user: user(number) })]
  const unshare = ['/usr/bin/unshare', ...(isRoot ? [] : ['--user', '--map-current-user']), ...ownNetwork]
  return [
    ...(filter === undefined
      ? []
      : [
          {
            layers: [...usual, 'ownNetwork', 'ownNamespaces', 'systemCallFilter'],
            command: (number: number, bounds: Bounds) => [...shut(number, bounds), ...bubblewrap, '--seccomp', '4'],
            node: '/node',
            filter,
          },
        ]),
    {
      layers: [...usual, 'ownNetwork', 'ownNamespaces'],
      command: (n, bounds) => [...shut(n, bounds), ...bubblewrap],
      node: '/node',
    },
    {
      layers: [...usual, 'ownNetwork'],
      command: (n, bounds) => [...before(bounds), ...unshare, ...setpriv({ drop: true, user: user(n) })],
      node,
    },
    { layers: usual, command: shut, node },
    {
      layers: ['parentDeathSignal', 'noNewPrivileges', 'noCapabilities'],
      command: () => setpriv({ drop: isRoot, user: undefined }),
      node,
    },
    {
      layers: ['parentDeathSignal', 'noNewPrivileges'],
      command: () => setpriv({ drop: false, user: undefined }),
      node,
    },
  ]
}

/** Whether Node itself can be run so: not everywhere may another user read it. */
async function works(chain: Chain): Promise<boolean> {
  const child = start(chain, userCount - 1, ['--version'])
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000)
  try {
    const [code] = (await once(child, 'exit')) as [number | null]
    return code === 0
  } catch {
    return false
  } finally {
    clearTimeout(timer)
  }
}

function start(chain: Chain, user: number, args: readonly string[], bounds: Bounds = {}): ChildProcess {
  const [file, ...rest] = [...chain.command(user, bounds), chain.node, ...args] as [string, ...string[]]
  const child = spawn(file, rest, {
    // A session of its own: Ctrl-C in a terminal is for the node, which then stops its children itself.
    detached: true,
    cwd: '/',
    env: {},
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', ...(chain.filter === undefined ? [] : (['pipe'] as const))],
  })
  void standBack(child)
  if (chain.filter !== undefined) give(child.stdio[4] as Writable, chain.filter)
  return child
}

/** Whoever should read it may be gone before: then the child is, too, and says so itself. */
function give(pipe: Writable, bytes: Uint8Array): void {
  pipe.on('error', () => {})
  pipe.end(bytes)
}
