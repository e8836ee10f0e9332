/** Reads a stream of events, however it is cut (https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream). */
import { ProtocolError } from './errors.ts'

export interface ServerSentEvent {
  type: string
  data: string
}

/** One event of ours is below 4 KiB; a stream without line ends must not fill the memory. */
const eventLengthMax = 1024 * 1024

export class ServerSentEvents {
  /** The id of the last event that had one, to resume after. */
  lastId = ''
  /** Before a broken stream is taken up again, where the node says so. */
  retryMs: number | undefined
  private decoder = new TextDecoder()
  private buffer = ''
  private type = ''
  private data: string[] = []
  private size = 0
  private id: string | undefined

  /** @returns the events that are whole now. @throws {ProtocolError} for one above 1 MiB. */
  push(bytes: Uint8Array): ServerSentEvent[] {
    this.buffer += this.decoder.decode(bytes, { stream: true })
    const events: ServerSentEvent[] = []
    let at = 0
    for (;;) {
      // A CR at the end may still become CR LF.
      const end = /\r\n|\n|\r(?!$)/g
      end.lastIndex = at
      const found = end.exec(this.buffer)
      if (found === null) break
      const line = this.buffer.slice(at, found.index)
      at = found.index + found[0].length
      if (line !== '') this.field(line)
      else events.push(...this.dispatch())
    }
    this.buffer = this.buffer.slice(at)
    if (this.buffer.length + this.size > eventLengthMax)
      throw new ProtocolError('an event of at most 1 MiB', this.buffer)
    return events
  }

  /** The connection broke: what was half read is forgotten, what it takes to resume is kept. */
  reset(): void {
    this.decoder = new TextDecoder()
    this.buffer = ''
    this.clear()
  }

  /** A line that begins with a colon is a comment: its name is empty. */
  private field(line: string): void {
    const colon = line.indexOf(':')
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (name === 'data') {
      this.data.push(value)
      this.size += value.length + 1
    } else if (name === 'event') this.type = value
    else if (name === 'id' && !value.includes('\0')) this.id = value
    else if (name === 'retry' && /^\d{1,9}$/.test(value)) this.retryMs = Number(value)
  }

  private dispatch(): ServerSentEvent[] {
    this.lastId = this.id ?? this.lastId
    const event = { type: this.type === '' ? 'message' : this.type, data: this.data.join('\n') }
    const isEmpty = this.data.length === 0
    this.clear()
    return isEmpty ? [] : [event]
  }

  private clear(): void {
    this.type = ''
    this.data = []
    this.size = 0
    this.id = undefined
  }
}
