/**
 * A machine to install the package on: a root made by mmdebstrap, booted by systemd-nspawn with its own systemd as process 1, in a network of
 * its own whose other end is here. Its kernel is this machine's.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { root as repository } from '../../release/bundle.ts'

const execute = promisify(execFile)
const outputBytesMax = 64 * 1024 * 1024
/** Made once, from the mirror that this machine's apt uses: some 150 MiB are fetched. */
const rootMs = 600_000
const commandMs = 120_000
const bootMs = 60_000
const pollMs = 100
/** What a minimal server has beyond the packages that every root has. */
const packages = 'systemd-sysv,dbus,init-system-helpers,passwd,gpgv'

export interface Result {
  code: number
  stdout: string
  stderr: string
}

/** Why no machine can be had here, in words; `undefined` where one can. */
export async function whyNoMachine(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'it is for amd64 on Linux'
  if (process.getuid?.() !== 0) return 'it needs root'
  for (const tool of ['mmdebstrap', 'systemd-nspawn', 'nsenter', 'ip', 'dpkg-deb', 'gpg']) {
    if ((await attempt('sh', ['-c', `command -v ${tool}`])).code !== 0)
      return `${tool} is not here: .ci/install deb debtools roots`
  }
  const made = `plasm-try-${process.pid}`
  const network = await attempt('ip', ['netns', 'add', made])
  if (network.code !== 0) return `network namespaces cannot be made: ${network.stderr.trim()}`
  await attempt('ip', ['netns', 'del', made])
  return undefined
}

export class Machine {
  readonly suite: string
  /** Addresses of the two ends of its network. */
  readonly here: string
  readonly there: string
  private readonly name: string
  private directory = ''
  private container: ChildProcess | undefined
  private leader = ''
  private readonly neighbours: string[] = []

  /** `subnet`: a number below 255 that no other machine has. */
  constructor(suite: string, subnet: number) {
    this.suite = suite
    this.name = `plasm${process.pid % 10_000}s${subnet}`
    this.here = `10.213.${subnet}.1`
    this.there = `10.213.${subnet}.2`
  }

  /** Its root, as it is seen from here. */
  get root(): string {
    return join(this.directory, 'root')
  }

  async start(): Promise<void> {
    const tar = await rootTar(this.suite)
    this.directory = await mkdtemp(join(tmpdir(), `plasm-${this.suite}-`))
    await mkdir(this.root)
    await execute('tar', ['-C', this.root, '-xf', tar])
    await this.connect()
    const network = `--network-namespace-path=/run/netns/${this.name}`
    // With the right to make networks, as a machine has it: services get one of their own.
    const rights = '--capability=CAP_NET_ADMIN'
    const flags = ['--boot', '--register=no', '--keep-unit', '--console=pipe', network, rights, '-D', this.root]
    this.container = spawn('systemd-nspawn', ['--quiet', ...flags], { stdio: 'ignore' })
    await this.untilBooted()
  }

  /** As root, inside. */
  async run(command: string, input = ''): Promise<Result> {
    const running = attempt('nsenter', ['-t', this.leader, '--all', 'sh', '-c', command])
    // A command that does not read has perhaps gone before.
    running.child.stdin?.on('error', () => {}).end(input)
    return await running
  }

  /** @throws where it fails. @returns what it wrote. */
  async must(command: string, input = ''): Promise<string> {
    const { code, stdout, stderr } = await this.run(command, input)
    if (code === 0) return stdout.trim()
    throw new Error(`${this.suite}: "${command}" ended with ${code}: ${stdout}${stderr}`)
  }

  /** Waits until it succeeds. */
  async until(command: string, withinMs = 60_000): Promise<void> {
    for (const deadline = performance.now() + withinMs; performance.now() < deadline; await delay(pollMs)) {
      if ((await this.run(command)).code === 0) return
    }
    throw new Error(`${this.suite}: "${command}" did not succeed within ${withinMs} ms`)
  }

  /** Another host on a cable to this one, which from now on is all that either of them has beyond. @returns its network namespace. */
  async addNeighbour(): Promise<string> {
    const neighbour = `${this.name}n`
    await execute('ip', ['netns', 'add', neighbour])
    this.neighbours.push(neighbour)
    const link = [
      'link',
      'add',
      'cable',
      'netns',
      neighbour,
      'type',
      'veth',
      'peer',
      'name',
      'cable',
      'netns',
      this.name,
    ]
    await execute('ip', link)
    const subnet = this.here.slice(0, this.here.lastIndexOf('.'))
    const ends = { [this.name]: `${subnet}.5/30`, [neighbour]: `${subnet}.6/30` }
    for (const [host, address] of Object.entries(ends)) {
      const ip = (...args: string[]) => execute('ip', ['-n', host, ...args])
      await ip('addr', 'add', address, 'dev', 'cable')
      await ip('link', 'set', 'cable', 'up')
      await ip('link', 'set', 'lo', 'up')
      await ip('route', 'add', 'default', 'dev', 'cable')
    }
    return neighbour
  }

  /** Nothing of it is left. */
  async stop(): Promise<void> {
    if (this.container !== undefined && this.container.exitCode === null) {
      const gone = once(this.container, 'exit')
      const timer = setTimeout(() => this.container?.kill('SIGKILL'), 20_000)
      this.container.kill('SIGTERM')
      await gone
      clearTimeout(timer)
    }
    for (const network of [this.name, ...this.neighbours]) await attempt('ip', ['netns', 'del', network])
    await rm(this.directory, { recursive: true, force: true })
  }

  private async connect(): Promise<void> {
    const [near, far] = [`${this.name}a`, `${this.name}b`]
    const inside = ['netns', 'exec', this.name, 'ip']
    for (const args of [
      ['netns', 'add', this.name],
      ['link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', this.name],
      ['addr', 'add', `${this.here}/30`, 'dev', near],
      ['link', 'set', near, 'up'],
      [...inside, 'addr', 'add', `${this.there}/30`, 'dev', far],
      [...inside, 'link', 'set', far, 'up'],
      [...inside, 'link', 'set', 'lo', 'up'],
    ])
      await execute('ip', args)
  }

  private async untilBooted(): Promise<void> {
    const pid = this.container?.pid
    for (const deadline = performance.now() + bootMs; performance.now() < deadline; await delay(pollMs)) {
      const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
      this.leader = children.trim().split(' ')[0] as string
      if (this.leader === '') continue
      const { stdout } = await this.run('systemctl is-system-running')
      if (/running|degraded/.test(stdout)) return
    }
    throw new Error(`${this.suite} did not boot within ${bootMs} ms`)
  }
}

/** The root of a suite, made where it is not there. */
async function rootTar(suite: string): Promise<string> {
  const directory = join(repository, 'build', 'roots')
  const tar = join(directory, `${suite}-${hash('sha256', packages).slice(0, 8)}.tar`)
  if (await stat(tar).catch(() => undefined)) return tar
  await mkdir(directory, { recursive: true })
  const { stdout } = await execute('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'])
  const mirror = stdout.split('\n').find(uri => /\/debian\/?$/.test(uri))
  const args = ['--variant=apt', `--include=${packages}`, suite, tar, ...(mirror === undefined ? [] : [mirror])]
  await execute('mmdebstrap', ['--quiet', ...args], { timeout: rootMs })
  return tar
}

function attempt(file: string, args: readonly string[]): Promise<Result> & { child: ChildProcess } {
  let child: ChildProcess | undefined
  const result = new Promise<Result>(resolve => {
    child = execFile(file, args, { timeout: commandMs, maxBuffer: outputBytesMax }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 255
      resolve({ code, stdout, stderr: stderr || (error?.message ?? '') })
    })
  })
  return Object.assign(result, { child: child as ChildProcess })
}
