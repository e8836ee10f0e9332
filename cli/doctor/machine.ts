/** What a node needs of this machine, and what it would find. Nothing is changed. */
import { constants } from 'node:fs'
import { access, readFile, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { availableParallelism, totalmem } from 'node:os'
import { dirname } from 'node:path'
import type { Config } from '../../server/config.ts'
import type { Context } from '../context.ts'
import { readSettings } from '../settings.ts'
import { bytes } from '../text.ts'
import { disk } from './disk.ts'
import { type Check, doubtful, type Finding, fine, skipped, wrong } from './finding.ts'

const nodeMajorMin = 26
/** A few jobs with the default memory, beside the node itself. */
const memoryBytesMin = 2 ** 29
/** Sockets, files and children of a busy node. */
const openFilesMin = 1024

export function machineChecks(context: Context): Check[] {
  let config: Config | undefined
  const withConfig = (look: (config: Config) => Promise<Finding>) => () =>
    config === undefined ? Promise.resolve(skipped('no usable settings')) : look(config)
  return [
    { name: 'runtime', look: async () => runtime() },
    {
      name: 'settings',
      look: async () => {
        config = readSettings(context)
        return fine('every setting can be used')
      },
    },
    { name: 'data directory', look: withConfig(({ dataDir }) => writable(dataDir)) },
    { name: 'disk', look: withConfig(async ({ dataDir, storeMax }) => disk(await nearestExisting(dataDir), storeMax)) },
    { name: 'key file', look: withConfig(keyFile) },
    { name: 'token file', look: withConfig(tokenFile) },
    { name: 'memory', look: async () => memory() },
    { name: 'processors', look: withConfig(processors) },
    { name: 'open files', look: openFiles },
    { name: 'p2p port', look: withConfig(p2pPort) },
    { name: 'proxy', look: async () => proxy(context) },
  ]
}

function runtime(): Finding {
  const { node } = process.versions
  if (Number(node.split('.')[0]) >= nodeMajorMin) return fine(`Node ${node}`)
  return doubtful(
    `Node ${node}: enough for this command, not for plasm serve`,
    `Install Node ${nodeMajorMin}, or the plasm package, which brings it.`,
  )
}

async function writable(dataDir: string): Promise<Finding> {
  const there = await nearestExisting(dataDir)
  try {
    await access(there, constants.W_OK)
  } catch {
    return wrong(`${there} cannot be written to`, `chown it to whoever runs the node, or set --data-dir.`)
  }
  return fine(there === dataDir ? dataDir : `${dataDir} will be made`)
}

async function keyFile({ keyFile }: Config): Promise<Finding> {
  const found = await stat(keyFile).catch(() => undefined)
  if (found === undefined) return fine('none yet: the first start makes one')
  const { openIdentity } = await import('../../server/identity.ts')
  return fine((await openIdentity(keyFile)).did)
}

async function tokenFile({ tokenFile, http }: Config): Promise<Finding> {
  if (tokenFile === undefined) return fine(`none, and none is needed on ${http.host}`)
  const { mode } = await stat(tokenFile)
  const lines = (await readFile(tokenFile, 'utf8'))
    .split('\n')
    .filter(line => line.trim() !== '' && !line.startsWith('#'))
  if (lines.length === 0)
    return wrong(`${tokenFile} holds no token`, 'Write one token on each line, e.g. from openssl rand -hex 32.')
  if ((mode & 0o004) !== 0) return doubtful(`${tokenFile} can be read by everybody`, `chmod 640 ${tokenFile}`)
  return fine(`${lines.length} in ${tokenFile}`)
}

function memory(): Finding {
  const constrained = process.constrainedMemory()
  const total = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()
  if (total >= memoryBytesMin) return fine(bytes(total))
  return doubtful(bytes(total), 'Lower --slots and --memory-max, so that jobs do not end for want of memory.')
}

async function processors({ slots }: Config): Promise<Finding> {
  const cores = availableParallelism()
  if (slots > cores)
    return doubtful(
      `${slots} slots on ${cores} cores`,
      `Set --slots ${cores}: jobs that share a core are late together.`,
    )
  return fine(slots === 0 ? 'no slots: this node only forwards' : `${slots} slots on ${cores} cores`)
}

async function openFiles(): Promise<Finding> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => undefined)
  const soft = /^Max open files\s+(\S+)/m.exec(limits ?? '')?.[1]
  if (soft === undefined) return skipped('cannot be seen on this system')
  if (soft === 'unlimited' || Number(soft) >= openFilesMin) return fine(soft)
  return doubtful(`${soft} at most`, `ulimit -n ${openFilesMin}, or LimitNOFILE= in the unit.`)
}

/** Taken by this node, or by something else: only listening tells, and only while no node runs. */
async function p2pPort({ p2p }: Config): Promise<Finding> {
  const port = Number(/\/tcp\/(\d+)/.exec(p2p[0] ?? '')?.[1] ?? 0)
  if (port === 0) return fine('a free one is taken')
  const error = await new Promise<NodeJS.ErrnoException | undefined>(resolve => {
    const server = createServer()
    server.once('error', resolve)
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(undefined)))
  })
  if (error === undefined) return fine(`${port} is free`)
  if (error.code === 'EACCES') return wrong(`${port} may not be used`, 'Use a port above 1023 in --p2p.')
  return doubtful(`${port} is in use: by a node, if one runs here`, 'If none does, set another port with --p2p.')
}

function proxy({ terminal: { env } }: Context): Finding {
  const variable = ['NODE_USE_ENV_PROXY', 'http_proxy', 'HTTP_PROXY'].find(name => (env[name] ?? '') !== '')
  if (env['NODE_USE_ENV_PROXY'] === undefined || variable === undefined) return fine('not used')
  const exempt = /(^|,)\s*(127\.0\.0\.1|localhost|\*)\s*(,|$)/.test(env['NO_PROXY'] ?? env['no_proxy'] ?? '')
  return exempt
    ? fine('not used for this machine')
    : doubtful('calls to the node go through a proxy', 'Set NO_PROXY=127.0.0.1,localhost.')
}

async function nearestExisting(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    if (
      await access(at).then(
        () => true,
        () => false,
      )
    )
      return at
    if (at === dirname(at)) return at
  }
}
