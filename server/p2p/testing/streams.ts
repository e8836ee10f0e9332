/** Two real libp2p nodes on loopback, and streams between them: TCP, Noise and the guarded Yamux, nothing else. */
import { noise } from '@chainsafe/libp2p-noise'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'
import { guardedYamux } from '../guard.ts'

const protocol = '/test/1'
const greeting = '/test/greeting/1'

export interface Ends {
  /** Who opened the stream. */
  near: Stream
  far: Stream
}

export class StreamPair {
  connection!: Connection
  far!: Connection
  private nodes: Libp2p[] = []
  private arrived: (stream: Stream) => void = () => {}

  async start(): Promise<void> {
    const make = () =>
      createLibp2p({
        addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
        transports: [tcp()],
        connectionEncrypters: [noise()],
        streamMuxers: [guardedYamux()],
        connectionGater: { denyDialMultiaddr: () => false },
      })
    const [one, other] = [await make(), await make()]
    this.nodes = [one, other]
    const met = Promise.withResolvers<Connection>()
    other.addEventListener('connection:open', ({ detail }) => met.resolve(detail))
    await other.handle(protocol, stream => this.arrived(stream))
    this.connection = await one.dial(other.getMultiaddrs())
    this.far = await met.promise
  }

  async open(): Promise<Ends> {
    const far = new Promise<Stream>(resolve => {
      this.arrived = resolve
    })
    const near = await this.connection.newStream(protocol)
    return { near, far: await far }
  }

  /** A stream whose far end says `bytes` and ends as soon as it is there. */
  async greeted(bytes: Uint8Array): Promise<Stream> {
    const far = this.nodes[1] as Libp2p
    const greet = async (stream: Stream) => {
      stream.send(bytes)
      await stream.close()
    }
    await far.handle(greeting, greet, { force: true })
    return this.connection.newStream(greeting)
  }

  /** Resolves when everything that was sent before has been read at the far end. */
  async echo(): Promise<void> {
    const { muxer } = this.connection as unknown as { muxer: { ping(): Promise<number> } }
    await muxer.ping()
  }

  async stop(): Promise<void> {
    for (const node of this.nodes) await node.stop()
  }
}
