/**
 * Every setting once: flag, unit, default, help. The only reader of flags, environment and config file; flags win over the
 * environment, the environment over the file. The whole of it is read before anything starts.
 */
import { readFileSync } from 'node:fs'
import { availableParallelism, homedir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { parse as parseToml } from 'smol-toml'
import { isPhaseError, PhaseError } from '../phase/errors.ts'
import {
  blobBytesMax,
  memoryBytesMax,
  memoryPageBytes,
  moduleBytesMax,
  outputBytesMax,
  timeoutMsMax,
} from '../phase/limits.ts'

const dayMs = 86_400_000
/** Below an hour nobody could be sure to fetch a result; above ten years it is not an age any more. */
const [keepMsMin, keepMsMax] = [3_600_000, 3_650 * dayMs]

export interface Config {
  dataDir: string
  http: { host: string; port: number }
  p2p: string[]
  bootstrap: string[]
  network: 'local' | 'lan' | 'public'
  announce: string[]
  slots: number
  tokenFile?: string
  keyFile: string
  networkKey?: string
  isolation: 'pool' | 'fresh'
  executor?: string
  allowOrigin: string[]
  allowHost: string[]
  log: 'human' | 'json'
  memoryMax: number
  outputMax: number
  stdinMax: number
  timeoutMax: number
  queueMax: number
  storeMax: number
  /** Milliseconds. */
  keep: number
  /** Where each setting that was given comes from, by its name: a flag, the environment, the file. */
  sources: ReadonlyMap<string, string>
}

/** A setting that cannot be used. The message is one line: setting, value, source. */
export class ConfigError extends PhaseError {
  constructor(message: string, options: { hint?: string | undefined; cause?: unknown } = {}) {
    const { hint, cause } = options
    super('invalid', message, { cause, ...(hint === undefined ? {} : { hint }) })
  }
}

/**
 * Does what a setting's value is for, before anything is started.
 * @throws {ConfigError} for what `use` refuses, with the setting's name, value and source.
 */
export async function usingSetting<T>(
  { sources }: Pick<Config, 'sources'>,
  name: string,
  value: string,
  use: () => T | Promise<T>,
): Promise<T> {
  try {
    return await use()
  } catch (cause) {
    const why = reasonOf(cause)
    if (why === undefined) throw cause
    const hint = isPhaseError(cause) ? cause.hint : undefined
    const source = sources.get(name) ?? 'default'
    throw new ConfigError(`Cannot use ${name} "${value}" (${source}): ${why}`, { hint, cause })
  }
}

/** Without what was tried, which the setting's name says better: of our own errors, and of the operating system's about files. */
function reasonOf(error: unknown): string | undefined {
  if (isPhaseError(error)) return error.message.replace(/^Cannot [^":]*(?:"[^"]*"[^":]*)*: /, '')
  if (error instanceof Error && 'syscall' in error) return error.message.replace(/^E[A-Z]+: /, '').split(',')[0]
  return undefined
}

export interface Setting {
  /** The flag without dashes, which is also the key in the config file; `PLASM_` + upper snake case in the environment. */
  name: string
  value: string
  help: string
  /** What holds when nobody says anything, for the help text. */
  default: string
  repeatable?: true
}

export const settings: readonly Setting[] = [
  {
    name: 'data-dir',
    value: 'DIR',
    default: "the platform's state directory",
    help: 'everything the node keeps: key, database, modules',
  },
  { name: 'http', value: 'HOST:PORT', default: '127.0.0.1:7527', help: 'REST API; port 0 picks a free one' },
  {
    name: 'p2p',
    value: 'MULTIADDR',
    default: '/ip4/127.0.0.1/tcp/7528',
    help: 'libp2p listener; tcp/0 picks a free port',
    repeatable: true,
  },
  {
    name: 'bootstrap',
    value: 'MULTIADDR',
    default: 'none',
    help: 'a peer to join the network through',
    repeatable: true,
  },
  {
    name: 'network',
    value: 'local|lan|public',
    default: 'local',
    help: 'which addresses are listened on, announced, stored and dialled',
  },
  {
    name: 'announce',
    value: 'MULTIADDR',
    default: 'what is observed',
    help: 'an address to tell others',
    repeatable: true,
  },
  { name: 'slots', value: 'N', default: 'number of cores', help: 'execution slots; 0: this node only forwards' },
  {
    name: 'token-file',
    value: 'FILE',
    default: 'none',
    help: 'bearer tokens, one on a line; needed for a bind beyond loopback',
  },
  { name: 'key-file', value: 'FILE', default: 'in the data directory', help: "the node's Ed25519 key (0600)" },
  { name: 'network-key', value: 'FILE', default: 'none', help: 'pre-shared key of a private cluster' },
  { name: 'isolation', value: 'pool|fresh', default: 'pool', help: 'fresh: a new child process for every job' },
  {
    name: 'executor',
    value: 'SOCKET',
    default: 'in the node',
    help: 'where an executor listens that is a service of its own',
  },
  {
    name: 'allow-origin',
    value: 'ORIGIN',
    default: 'none',
    help: "a browser's origin that may use the API",
    repeatable: true,
  },
  {
    name: 'allow-host',
    value: 'NAME',
    default: 'none',
    help: 'a Host name beyond loopback that the API answers to',
    repeatable: true,
  },
  { name: 'memory-max', value: 'SIZE', default: '4GiB', help: 'linear memory that one job may ask for' },
  { name: 'output-max', value: 'SIZE', default: '64MiB', help: 'stdout + stderr that one job may ask for' },
  { name: 'stdin-max', value: 'SIZE', default: '256MiB', help: 'stdin that one job may bring' },
  { name: 'timeout-max', value: 'DURATION', default: '1h', help: 'wall clock that one execution may ask for' },
  { name: 'queue-max', value: 'N', default: '10000', help: 'jobs that may be unfinished at once' },
  { name: 'store-max', value: 'SIZE', default: '20GiB', help: 'jobs, modules, blobs and outputs together' },
  { name: 'keep', value: 'DURATION', default: '30d', help: 'how long ended jobs and unused bytes are kept' },
  { name: 'log', value: 'human|json', default: 'human on a terminal, else json', help: 'how the log is written' },
]

const configSetting: Setting = { name: 'config', value: 'FILE', default: 'none', help: 'TOML with the same names' }

/** The process's surroundings, so that tests can say what they are. */
export interface Surroundings {
  argv: readonly string[]
  env: Readonly<Record<string, string | undefined>>
  isTerminal: boolean
}

interface Given {
  values: readonly string[]
  source: string
}

/** @throws {ConfigError} for an unknown setting or a value that cannot be used; nothing has been started then. */
export function readConfig({ argv, env, isTerminal }: Surroundings): Config {
  const flags = readFlags(argv)
  const environment = readEnvironment(env)
  const file = (flags.get('config') ?? environment.get('config'))?.values[0]
  const given = new Map([...(file === undefined ? [] : readFile(file)), ...environment, ...flags])
  return complete(new Reader(given), env, isTerminal)
}

/** The help text of `plasm serve`, made of the settings themselves. */
export function helpText(command: string): string {
  const rows = [...settings, configSetting].map(({ name, value, help, default: fallback, repeatable }) => {
    const flag = `--${name} ${value}`
    return `  ${flag.padEnd(28)} ${help}${repeatable === undefined ? '' : ' (repeatable)'} [${fallback}]`
  })
  return [
    `Usage: ${command} [flags]`,
    '',
    'Starts a Plasm node: a REST API for your programs, and a peer of the network that runs their jobs.',
    '',
    `  ${command}                                   a node on this machine alone`,
    `  ${command} --slots 0 --bootstrap MULTIADDR   a gateway that only forwards`,
    '',
    ...rows,
    `  ${'--help'.padEnd(28)} this text`,
    '',
    'Each flag has an environment twin (--data-dir is PLASM_DATA_DIR, a list is separated by commas) and a key in the',
    'config file. Flags win over the environment, the environment over the file.',
    '',
  ].join('\n')
}

function complete(reader: Reader, env: Surroundings['env'], isTerminal: boolean): Config {
  const dataDir = reader.text('data-dir') ?? defaultDataDir(env)
  const tokenFile = reader.text('token-file')
  const http = reader.read('http', hostAndPort) ?? { host: '127.0.0.1', port: 7527 }
  if (tokenFile === undefined && !isLoopback(http.host)) {
    throw new ConfigError(
      `Cannot use http "${http.host}:${http.port}" (${reader.source('http')}): a bind beyond loopback needs a token-file`,
      { hint: 'Give --token-file FILE, with one bearer token on each line.' },
    )
  }
  const networkKey = reader.text('network-key')
  const executor = reader.text('executor')
  return {
    dataDir,
    http,
    p2p: reader.list('p2p', multiaddrText) ?? ['/ip4/127.0.0.1/tcp/7528'],
    bootstrap: reader.list('bootstrap', multiaddrText) ?? [],
    network: reader.read('network', oneOf('local', 'lan', 'public')) ?? 'local',
    announce: reader.list('announce', multiaddrText) ?? [],
    slots: reader.read('slots', wholeNumber(0, 1024)) ?? Math.min(availableParallelism(), 1024),
    ...(tokenFile === undefined ? {} : { tokenFile }),
    keyFile: reader.text('key-file') ?? join(dataDir, 'identity.key'),
    ...(networkKey === undefined ? {} : { networkKey }),
    isolation: reader.read('isolation', oneOf('pool', 'fresh')) ?? 'pool',
    ...(executor === undefined ? {} : { executor }),
    allowOrigin: reader.list('allow-origin', origin) ?? [],
    allowHost: reader.list('allow-host', text => text.toLowerCase()) ?? [],
    log: reader.read('log', oneOf('human', 'json')) ?? (isTerminal ? 'human' : 'json'),
    memoryMax: reader.read('memory-max', size(memoryPageBytes, memoryBytesMax)) ?? memoryBytesMax,
    outputMax: reader.read('output-max', size(0, outputBytesMax)) ?? 64 * 2 ** 20,
    stdinMax: reader.read('stdin-max', size(0, blobBytesMax)) ?? 256 * 2 ** 20,
    timeoutMax: reader.read('timeout-max', duration(1, timeoutMsMax)) ?? 3_600_000,
    queueMax: reader.read('queue-max', wholeNumber(1, 1_000_000)) ?? 10_000,
    storeMax: reader.read('store-max', size(moduleBytesMax, Number.MAX_SAFE_INTEGER)) ?? 20 * 2 ** 30,
    keep: reader.read('keep', duration(keepMsMin, keepMsMax)) ?? 30 * dayMs,
    sources: reader.sources(),
  }
}

class Reader {
  private readonly given: ReadonlyMap<string, Given>

  constructor(given: ReadonlyMap<string, Given>) {
    this.given = given
  }

  source(name: string): string {
    return this.given.get(name)?.source ?? 'default'
  }

  sources(): ReadonlyMap<string, string> {
    return new Map([...this.given].map(([name, { source }]) => [name, source]))
  }

  text(name: string): string | undefined {
    return this.read(name, text => (text === '' ? undefined : text))
  }

  read<T>(name: string, parse: (text: string) => T | undefined): T | undefined {
    const given = this.given.get(name)
    const text = given?.values.at(-1)
    if (given === undefined || text === undefined) return undefined
    return usable(name, text, given.source, parse)
  }

  list<T>(name: string, parse: (text: string) => T | undefined): T[] | undefined {
    const given = this.given.get(name)
    return given?.values.map(text => usable(name, text, given.source, parse))
  }
}

function usable<T>(name: string, text: string, source: string, parse: (text: string) => T | undefined): T {
  const value = parse(text)
  if (value !== undefined) return value
  const { value: shape } = [...settings, configSetting].find(setting => setting.name === name) as Setting
  throw new ConfigError(`Cannot use ${name} "${text}" (${source}): ${shape} was expected`)
}

function readFlags(argv: readonly string[]): Map<string, Given> {
  const options = Object.fromEntries(
    [...settings, configSetting].map(({ name }) => [name, { type: 'string', multiple: true } as const]),
  )
  try {
    const { values } = parseArgs({ args: [...argv], options, strict: true, allowPositionals: false })
    return new Map(
      Object.entries(values).map(([name, given]) => [name, { values: given as string[], source: `flag --${name}` }]),
    )
  } catch (error) {
    const [why] = (error as Error).message.split(/\.\s/)
    throw new ConfigError(`Cannot read the flags: ${why}`, { hint: 'See --help.' })
  }
}

function readEnvironment(env: Surroundings['env']): Map<string, Given> {
  const found = new Map<string, Given>()
  for (const { name, repeatable } of [...settings, configSetting]) {
    const variable = `PLASM_${name.toUpperCase().replaceAll('-', '_')}`
    const text = env[variable]
    if (text === undefined || text === '') continue
    found.set(name, { values: repeatable === undefined ? [text] : text.split(','), source: `environment ${variable}` })
  }
  return found
}

function readFile(path: string): Map<string, Given> {
  let table: Record<string, unknown>
  try {
    table = parseToml(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new ConfigError(`Cannot use config "${path}": ${(error as Error).message.split('\n')[0]}`)
  }
  return new Map(
    Object.entries(table).map(([name, value]) => {
      if (!settings.some(setting => setting.name === name)) {
        throw new ConfigError(`Cannot use config "${path}": unknown setting "${name}"`, {
          hint: 'See plasm serve --help for the names.',
        })
      }
      return [name, { values: (Array.isArray(value) ? value : [value]).map(String), source: `file ${path}` }]
    }),
  )
}

/** A service manager says where its services keep what they know (systemd's StateDirectory). */
function defaultDataDir(env: Surroundings['env']): string {
  if (env['STATE_DIRECTORY'] !== undefined) return env['STATE_DIRECTORY']
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'plasm')
  return join(env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'), 'plasm')
}

const oneOf =
  <const T extends readonly string[]>(...choices: T) =>
  (text: string): T[number] | undefined =>
    choices.find(choice => choice === text)

const wholeNumber = (minimum: number, maximum: number) => (text: string) => {
  const value = Number(text)
  return /^\d+$/.test(text) && value >= minimum && value <= maximum ? value : undefined
}

/** Bytes: `65536`, `64MiB`, `1GB`. */
const size = (minimum: number, maximum: number) =>
  scaled(minimum, maximum, {
    '': 1,
    b: 1,
    kb: 1e3,
    mb: 1e6,
    gb: 1e9,
    kib: 2 ** 10,
    mib: 2 ** 20,
    gib: 2 ** 30,
    tib: 2 ** 40,
  })
/** Milliseconds: `500ms`, `30s`, `5m`, `1h`, `30d`; seconds without a unit. */
const duration = (minimum: number, maximum: number) =>
  scaled(minimum, maximum, { '': 1000, ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: dayMs })

const scaled = (minimum: number, maximum: number, units: Record<string, number>) => (text: string) => {
  const parts = /^(\d+)\s*([a-z]*)$/i.exec(text)
  const unit = units[(parts?.[2] ?? '').toLowerCase()]
  if (parts === null || unit === undefined) return undefined
  const value = Number(parts[1]) * unit
  return Number.isSafeInteger(value) && value >= minimum && value <= maximum ? value : undefined
}

function hostAndPort(text: string): Config['http'] | undefined {
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s/]+)):(\d{1,5})$/.exec(text)
  const port = Number(parts?.[3])
  const host = parts?.[1] ?? parts?.[2]
  return host === undefined || port > 65_535 ? undefined : { host, port }
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)

const multiaddrText = (text: string) => (/^\/[a-z0-9]+\/.+/.test(text) ? text : undefined)

function origin(text: string): string | undefined {
  return URL.canParse(text) && new URL(text).origin === text ? text : undefined
}
