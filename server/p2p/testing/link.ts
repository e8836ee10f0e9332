/** A cable on loopback that can be cut, and a peer behind it frozen: bytes stop, the connection stays. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import type { TestContext } from 'node:test'

export class Link {
  /** Where to dial instead of the target. */
  readonly port: number
  /** Bytes that went to the target, and what is told of each more. */
  forth = 0
  onForth: (bytes: number) => void = () => {}
  private readonly server: Server
  private readonly sockets = new Set<Socket>()
  private isFrozen = false
  private isDown = false

  private constructor(server: Server) {
    this.server = server
    this.port = (server.address() as AddressInfo).port
  }

  /** To 127.0.0.1:`targetPort()`, which may be known later. Gone by the end of `t`. */
  static async start(t: TestContext, targetPort: () => number): Promise<Link> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const link = new Link(server)
    server.on('connection', socket => link.join(socket, connect(targetPort(), '127.0.0.1')))
    t.after(() => {
      link.cut()
      if (server.listening) server.close()
    })
    return link
  }

  /** Ends every connection, as a broken network does. New ones are let through. */
  cut(): void {
    for (const socket of this.sockets) socket.resetAndDestroy()
  }

  /** Resolves when somebody dials. */
  async dialled(): Promise<void> {
    await once(this.server, 'connection')
  }

  /** Cut, and nothing listens here any more. */
  async close(): Promise<void> {
    this.cut()
    this.server.close()
    await once(this.server, 'close')
  }

  /** Cut, and nothing is let through any more: who dials is turned away at once. */
  down(): void {
    this.isDown = true
    this.cut()
  }

  freeze(): void {
    this.isFrozen = true
    for (const socket of this.sockets) socket.pause()
  }

  thaw(): void {
    this.isFrozen = false
    for (const socket of this.sockets) socket.resume()
  }

  private join(near: Socket, far: Socket): void {
    if (this.isDown) {
      near.resetAndDestroy()
      far.destroy()
      return
    }
    near.on('data', bytes => {
      this.forth += bytes.length
      this.onForth(this.forth)
    })
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(from)
      from.pipe(to)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        this.sockets.delete(from)
        to.destroy()
      })
      if (this.isFrozen) from.pause()
    }
  }
}
