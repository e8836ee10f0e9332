/** One child process as the executor sees it. */
import type { ChildProcess } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import type { Duplex } from 'node:stream'
import { PhaseError } from '../../phase/errors.ts'
import { Channel, type Frame, type ToChild } from './messages.ts'
import { ModuleCache } from './module-cache.ts'
import type { Turn } from './turn.ts'

/** From spawn to `ready`: 30 ms here; a machine under load takes its time. */
const readyWithinMs = 30_000

export class ExecutorProcess {
  readonly modules = new ModuleCache()
  /** Which of them in their exact form, too. */
  readonly exact = new Set<string>()
  /** Resolves when the process is gone, by whatever cause; says which. */
  readonly exited: Promise<string>
  /** Processor time until its last word, microseconds. */
  cpuTotalUs = 0
  jobs = 0
  /** It shall not see another job. */
  spent = false
  /** The task that it is at takes no time to speak of, by all that is known. */
  brief = false
  /** Of the task that was sent behind that one. */
  next: Turn | undefined
  /** How often in a row it was found to hold much memory. */
  heavy = 0
  private readonly child: ChildProcess
  private readonly channel: Channel

  constructor(child: ChildProcess) {
    this.child = child
    this.channel = new Channel(child.stdio[3] as Duplex)
    this.exited = new Promise(resolve => {
      child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : signal))
      child.once('error', error => resolve(error.message))
    })
    void this.exited.then(how => this.channel.break(new PhaseError('internal', `the child process ended: ${how}`)))
  }

  get pid(): number | undefined {
    return this.child.pid
  }

  /** Hands over the program and waits until it runs. Kills the process if that fails. */
  async start(program: Uint8Array): Promise<void> {
    const timer = setTimeout(() => this.kill(), readyWithinMs)
    try {
      const ready = this.channel.receive(0)
      ;(this.child.stdio[3] as Duplex).write(program)
      const { header } = await ready
      if ((header as { type?: unknown }).type !== 'ready')
        throw new PhaseError('internal', 'the child did not say that it is ready')
    } catch (error) {
      this.kill()
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  /** Whether its end was asked for. */
  get killed(): boolean {
    return this.child.killed
  }

  /** One message, one answer, whose body is bounded; the child takes messages in turn. Rejects when the process dies or sends what it should not. */
  exchange(message: ToChild, bodies: readonly Uint8Array[], bodyBytesMax: number): Promise<Frame<unknown>> {
    const answer = this.channel.receive(bodyBytesMax)
    this.channel.send(message, bodies)
    return answer
  }

  kill(): void {
    this.child.kill('SIGKILL')
  }

  /** Processor time since its last word, where the operating system tells (Linux). */
  async cpuUsSinceLastWord(): Promise<number | undefined> {
    try {
      const tasks = `/proc/${await innermost(this.pid)}/task`
      const texts = await Promise.all((await readdir(tasks)).map(id => readFile(`${tasks}/${id}/schedstat`, 'utf8')))
      const totalNs = texts.reduce((sum, text) => sum + Number(text.split(' ')[0]), 0)
      return Math.max(0, Math.round(totalNs / 1000) - this.cpuTotalUs)
    } catch {
      return undefined
    }
  }

  /** What it holds of the machine's memory, where the operating system tells (Linux). */
  async residentBytes(): Promise<number | undefined> {
    try {
      const status = await readFile(`/proc/${await innermost(this.pid)}/status`, 'utf8')
      return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
    } catch {
      return undefined
    }
  }
}

/** Node itself: what shuts it in may be a process around it, which waits. */
async function innermost(pid: number | undefined): Promise<string> {
  let found = String(pid)
  for (let depth = 0; depth < 4; depth++) {
    const [below = ''] = (await readFile(`/proc/${found}/task/${found}/children`, 'utf8')).split(' ')
    if (below === '') break
    found = below
  }
  return found
}
