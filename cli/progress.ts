/** One line on stderr that says where a job stands, while a person waits; nothing where nobody looks. */
import type { Job, JobEvent, Plasm } from '../sdks/typescript/src/index.ts'
import type { Context } from './context.ts'

const frameMs = 100
const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']

/** Waits until a job has ended. @throws as `Plasm.wait` does; the job goes on then. */
export async function untilEnded(
  context: Context,
  jobId: string,
  timeout: string | undefined,
): Promise<{ plasm: Plasm; job: Job }> {
  context.catchInterrupt()
  const plasm = await context.plasm()
  const progress = new Progress(context, 'waiting')
  const onEvent = (event: JobEvent) => progress.hear(event)
  try {
    return { plasm, job: await plasm.wait(jobId, { signal: context.signal, timeout, onEvent }) }
  } finally {
    progress.end()
  }
}

export class Progress {
  private readonly context: Context
  private readonly begunMs = performance.now()
  private timer: NodeJS.Timeout | undefined
  private text: string
  private frame = 0

  constructor(context: Context, text: string) {
    this.context = context
    this.text = text
    const { stderr } = context.terminal
    if (!stderr.isTTY || context.json || context.terminal.env['TERM'] === 'dumb') return
    this.timer = setInterval(() => this.draw(), frameMs)
    this.timer.unref()
  }

  get isShown(): boolean {
    return this.timer !== undefined
  }

  say(text: string): void {
    this.text = text
  }

  hear({ state, attempt, executor, type, detail }: JobEvent): void {
    const on = executor === undefined ? '' : ` on ${executor.slice(-8)}`
    const again = attempt > 1 ? `, attempt ${attempt}` : ''
    this.say(`${state}${on}${again}${type === 'progress' && detail !== undefined ? `: ${detail.slice(0, 40)}` : ''}`)
  }

  /** The line is gone. */
  end(): void {
    if (this.timer === undefined) return
    clearInterval(this.timer)
    this.timer = undefined
    this.context.terminal.stderr.write('\r\u001b[K')
  }

  private draw(): void {
    const { stderr } = this.context.terminal
    const seconds = ((performance.now() - this.begunMs) / 1000).toFixed(1)
    const mark = this.context.style('cyan', frames[this.frame++ % frames.length] as string, stderr)
    stderr.write(`\r\u001b[K${mark} ${this.text} ${this.context.style('dim', `${seconds} s`, stderr)}`)
  }
}
