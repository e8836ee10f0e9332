/** The log: one JSON object a line (pino), or one readable line for a person. Secrets never reach it. */
import { styleText } from 'node:util'
import { type Logger, pino } from 'pino'

export type Log = Logger

const redacted = [
  'authorization',
  'cookie',
  'token',
  'headers.authorization',
  'headers.cookie',
  'req.headers.authorization',
]

/** `write` gets whole lines. */
export function createLog(format: 'human' | 'json', write: (line: string) => void): Log {
  const destination = { write: format === 'json' ? write : (line: string) => write(humanLine(line)) }
  return pino(
    {
      level: 'info',
      base: null,
      redact: { paths: redacted, censor: '[redacted]' },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
      serializers: { error: pino.stdSerializers.err },
    },
    destination,
  )
}

/**
 * To a terminal Node writes until all is written: one that is paused (Ctrl-S), or read by nobody, would stop the node with its next line. After this
 * it waits for a terminal as it does for a pipe. There is no public way to ask for that.
 */
export function neverBlock(stream: NodeJS.WriteStream): void {
  if (!stream.isTTY) return
  const { _handle: handle } = stream as { _handle?: { setBlocking?(blocks: boolean): void } }
  handle?.setBlocking?.(false)
}

/** What may wait for a reader that is slow: some thousand lines. */
const unreadBytesMax = 1024 * 1024

/**
 * Writes lines to `stream`, whose errors end nobody: a line that cannot be written is lost, and `lost` is told of the first one. Once the reader
 * is gone (EPIPE) nothing is tried any more. While it does not read, lines are skipped, and `skipped` is told how many when it reads again.
 */
export function lineWriter(
  stream: Pick<NodeJS.WriteStream, 'write' | 'on' | 'writableLength'>,
  { lost, skipped }: { lost: (code: string) => void; skipped: (lines: number) => void },
): (line: string) => void {
  let [told, gone, count] = [false, false, 0]
  stream.on('error', (error: NodeJS.ErrnoException) => {
    const { code = error.message } = error
    gone ||= code === 'EPIPE'
    if (!told) lost(code)
    told = true
  })
  // Once lines are skipped, half must have been read, so that gaps are few.
  const flows = () => stream.writableLength < (count === 0 ? unreadBytesMax : unreadBytesMax / 2)
  const write = (line: string) => {
    if (gone) return
    say()
    if (flows()) stream.write(line)
    else count++
  }
  const say = () => {
    if (count === 0 || !flows()) return
    const lines = count
    count = 0
    skipped(lines)
  }
  stream.on('drain', say)
  return write
}

interface Line {
  level: string
  time: string
  msg?: string
  error?: { message?: string; stack?: string }
  [field: string]: unknown
}

function humanLine(text: string): string {
  const { level, time, msg, error, ...fields } = JSON.parse(text) as Line
  const marks: Record<string, string> = {
    warn: styleText('yellow', '! '),
    error: styleText('red', '✗ '),
    fatal: styleText('red', '✗ '),
  }
  const rest = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  const head = `${styleText('dim', time.slice(11, 19))} ${marks[level] ?? ''}${msg ?? ''}`
  const failure = error === undefined ? '' : `\n    ${(level === 'error' ? error.stack : error.message) ?? ''}`
  return `${[head, styleText('dim', rest.join(' '))]
    .filter(part => part !== '')
    .join('  ')
    .trimEnd()}${failure}\n`
}
