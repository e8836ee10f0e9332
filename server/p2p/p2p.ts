/**
 * The network as the rest of the node sees it: executors found, greeted and offered jobs; offers of others taken. Only asynchronous calls
 * with plain values and byte streams, so that libp2p can move to a process of its own.
 */
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { Connection, PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { isPhaseError, PhaseError } from '../../phase/errors.ts'
import { didOfPeerId, publicKeyOfPeerId } from '../../phase/identity.ts'
import { addressesMax } from '../../phase/limits.ts'
import type { Peer } from '../../phase/peer.ts'
import type { Ed25519 } from '../../phase/signature.ts'
import { protocols } from '../../phase/wire.ts'
import { checkConfigured, isUsable, readAddress, withoutPeerId } from './addresses.ts'
import { Keeper } from './bootstrap.ts'
import { Buffers } from './buffers.ts'
import { Advertiser, findProviders } from './discovery.ts'
import { asError, FrameStream } from './framing.ts'
import { libp2pOptions, type P2pSettings, type PhaseLibp2p, stopLibp2p } from './libp2p.ts'
import { BlobFetcher, BlobServer, type BlobSource, OpenOffers } from './protocols/blob.ts'
import { askInfo, InfoServer } from './protocols/info.ts'
import type { OfferTaker, OutgoingOffer } from './protocols/job.ts'
import { offer } from './protocols/offer.ts'
import { OfferServer } from './protocols/take.ts'

export type { OfferSink, OfferTaker, OutgoingOffer, TakenEvent, TakenKey } from './protocols/job.ts'

export interface P2pParts extends P2pSettings {
  /** The 32-byte Ed25519 seed. */
  privateKey: Uint8Array
  version: string
  profiles: readonly string[]
  /** Whether this node executes, and says so in the DHT. */
  provides: boolean
  /** This node about itself now: a signed envelope. */
  nodeInfo: () => Uint8Array
  ed25519: Ed25519
  taker: OfferTaker
  blobs: BlobSource
  log: { debug(object: object, message: string): void; warn(object: object, message: string): void }
}

/** A found executor that does not answer within this is not waited for. */
const helloTimeoutMs = 2_000
/** Hellos under way in one look-up. */
const hellosMax = 16
/** Streams that one peer may have open here at once. A hello is over in a moment; a job takes one for as long as it runs. */
const inboundStreams = { info: 8, blob: 32, job: 128 } as const
const outboundStreams = { info: 8, blob: 32, job: 256 } as const

export class P2p {
  private readonly parts: P2pParts
  private readonly offers = new OpenOffers()
  private libp2p: PhaseLibp2p | undefined
  private stops: (() => unknown)[] = []
  private met: (peerId: string) => void = () => {}

  constructor(parts: P2pParts) {
    this.parts = parts
  }

  /** Resolves when this node listens. @throws {PhaseError} `invalid` for addresses of another network, `unavailable` where it cannot listen. */
  async start(): Promise<void> {
    const { parts } = this
    checkConfigured(parts.network, parts)
    const privateKey = await generateKeyPairFromSeed('Ed25519', parts.privateKey)
    const connections = () => this.open()
    const buffers = new Buffers(() => this.libp2p?.getConnections() ?? [])
    const received = (bytes: number) => buffers.received(bytes)
    const libp2p = await createLibp2p(
      libp2pOptions(parts, { privateKey, version: parts.version, connections, received }),
    )
    this.libp2p = libp2p
    this.stops = [() => stopLibp2p(libp2p)]
    await this.serve(libp2p)
    libp2p.addEventListener('peer:identify', ({ detail: { peerId, protocols: spoken } }) => {
      if (spoken.includes(protocols.info)) this.met(peerId.toString())
    })
    try {
      await libp2p.start()
    } catch (cause) {
      await this.stop()
      throw new PhaseError('unavailable', `Cannot listen on ${parts.listen.join(', ')}: ${reasonOf(cause)}`, {
        cause,
        hint: 'Another node may hold the port: choose another with --p2p, or tcp/0 for a free one.',
      })
    }
    const keeper = new Keeper({ libp2p, bootstrap: parts.bootstrap, log: parts.log })
    keeper.start()
    this.stops.push(() => keeper.stop())
    if (!parts.provides) return
    const advertiser = new Advertiser(libp2p, parts.profiles)
    advertiser.start()
    this.stops.push(() => advertiser.stop())
  }

  async stop(): Promise<void> {
    try {
      for (let undo = this.stops.pop(); undo !== undefined; undo = this.stops.pop()) await undo()
    } finally {
      this.libp2p = undefined
    }
  }

  /** What others can dial, with the peer id. */
  addresses(): string[] {
    return this.libp2p?.getMultiaddrs().map(String) ?? []
  }

  connections(): number {
    return this.libp2p?.getConnections().length ?? 0
  }

  /** Whether this node is in its network: the first one is that alone. */
  ready(): boolean {
    return this.libp2p !== undefined && (this.parts.bootstrap.length === 0 || this.connections() > 0)
  }

  /** Calls `met` for every node of this protocol that a connection is made to, in either direction. */
  onMeet(met: (peerId: string) => void): void {
    this.met = met
  }

  /** Executors that the DHT names and that answer, as they answer, this node never. Ends early, without an error, when `signal` aborts. */
  async *discover(signal: AbortSignal): AsyncGenerator<Peer> {
    const libp2p = this.running()
    // A query waits for a first peer; a node that joins nobody has none to wait for.
    if (this.parts.bootstrap.length === 0 && this.connections() === 0) return
    const over = new AbortController()
    const looking = AbortSignal.any([signal, over.signal])
    const answered: Peer[] = []
    const underWay = new Set<Promise<undefined>>()
    const providers = findProviders(libp2p, this.parts.profiles, looking)
    let next: Promise<Step> | undefined = settled(providers.next())
    try {
      while (next !== undefined || underWay.size > 0) {
        const awaited: Promise<Step | undefined>[] =
          next === undefined || underWay.size >= hellosMax ? [...underWay] : [next, ...underWay]
        const first: Step | undefined = await Promise.race(awaited)
        if (first?.done === true) {
          if (first.error !== undefined) throw first.error
          next = undefined
        } else if (first !== undefined) {
          next = settled(providers.next())
          const greeted = this.greet(first.peerId, looking, answered).finally(() => underWay.delete(greeted))
          underWay.add(greeted)
        }
        yield* answered.splice(0)
      }
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      over.abort()
    }
  }

  /**
   * What the peer says of itself now. `addresses` are where it was last, for one that this process has not met.
   * @throws {PhaseError} `unavailable`, `timedOut`, `protocol`, `invalid`.
   */
  async hello(peerId: string, signal: AbortSignal, addresses: readonly string[] = []): Promise<Peer> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(helloTimeoutMs)])
    try {
      const connection = await this.connect(peerId, limited, addresses)
      const { info, latencyUs } = await askInfo(connection, this.parts.ed25519, limited, helloTimeoutMs)
      const { version, profiles, limits, slots, load } = info
      return {
        peerId,
        did: didOfPeerId(peerId),
        addresses: await this.addressesOf(connection),
        version,
        profiles,
        limits,
        slots,
        load,
        latencyUs,
        lastSeenAt: new Date().toISOString(),
      }
    } catch (cause) {
      if (isPhaseError(cause)) throw cause
      throw new PhaseError('unavailable', `Cannot greet peer "${peerId}": ${reasonOf(cause)}`, { cause })
    }
  }

  /** Offers a job to `executor` and sees it through. Resolves when the sink has taken the end. @throws {PhaseError} as `offer` of protocols/offer.ts. */
  async offer(executor: string, outgoing: OutgoingOffer, signal: AbortSignal): Promise<void> {
    const connect = (opening: AbortSignal) => this.connect(executor, opening)
    await offer(outgoing, { connect, offers: this.offers }, signal)
  }

  private async greet(peerId: string, signal: AbortSignal, answered: Peer[]): Promise<undefined> {
    try {
      const peer = await this.hello(peerId, signal)
      if (peer.slots > 0) answered.push(peer)
    } catch (error) {
      this.parts.log.debug({ peer: peerId, error }, 'a provider does not answer')
    }
  }

  private async connect(peerId: string, signal: AbortSignal, addresses: readonly string[] = []): Promise<Connection> {
    const libp2p = this.running()
    publicKeyOfPeerId(peerId)
    const id = peerIdFromString(peerId)
    const open = libp2p.getConnections(id).find(({ status }) => status === 'open')
    if (open !== undefined) return open
    const remembered = addresses.filter(address => isUsable(this.parts.network, address))
    if (remembered.length === 0) return libp2p.dial(id, { signal })
    const known = (await knownAddresses(libp2p, id)).map(String)
    const texts = new Set([...known, ...remembered].map(text => `${withoutPeerId(text)}/p2p/${peerId}`))
    return libp2p.dial(
      [...texts].map(text => multiaddr(text)),
      { signal },
    )
  }

  /** Where the peer can be dialled, the address in use first. */
  private async addressesOf(connection: Connection): Promise<string[]> {
    const known = await knownAddresses(this.running(), connection.remotePeer)
    const used = connection.direction === 'outbound' ? [connection.remoteAddr] : []
    const texts = [...used, ...known].map(address => withoutPeerId(address.toString()))
    return [...new Set(texts)].filter(text => isUsable(this.parts.network, text)).slice(0, addressesMax)
  }

  private async serve(libp2p: PhaseLibp2p): Promise<void> {
    const { nodeInfo, blobs, taker, log } = this.parts
    const info = new InfoServer(nodeInfo)
    const blob = new BlobServer(blobs, this.offers)
    const job = new OfferServer(taker, new BlobFetcher())
    this.stops.push(() => job.stop())
    const servers = { info, blob, job }
    for (const name of ['info', 'blob', 'job'] as const) {
      const serve = async (frames: FrameStream, connection: Connection) => {
        try {
          await servers[name].serve(frames, connection)
        } catch (error) {
          log.debug({ protocol: name, peer: connection.remotePeer.toString(), error }, 'a stream ended early')
          frames.abort(asError(error))
        }
      }
      await libp2p.handle(protocols[name], (stream, connection) => serve(new FrameStream(stream), connection), {
        maxInboundStreams: inboundStreams[name],
        maxOutboundStreams: outboundStreams[name],
      })
    }
  }

  private open(): { host: string; peerId: string }[] {
    const connections = this.libp2p?.getConnections() ?? []
    return connections.map(({ remoteAddr, remotePeer }) => ({
      host: readAddress(remoteAddr.toString())?.host ?? '',
      peerId: remotePeer.toString(),
    }))
  }

  private running(): PhaseLibp2p {
    if (this.libp2p !== undefined) return this.libp2p
    throw new PhaseError('unavailable', 'Cannot use the network: this node has stopped')
  }
}

type Step = { done: true; error?: Error } | { done: false; peerId: string }

/** A step of a generator that may be waited for later, or never: it does not reject. */
const settled = (step: Promise<IteratorResult<string>>): Promise<Step> =>
  step.then(
    ({ done, value }) => (done === true ? { done } : { done: false, peerId: value }),
    (error: unknown) => ({ done: true, error: asError(error) }),
  )

async function knownAddresses(libp2p: PhaseLibp2p, id: PeerId): Promise<Multiaddr[]> {
  const peer = await libp2p.peerStore.get(id).catch(() => undefined)
  return peer?.addresses.map(({ multiaddr: address }) => address) ?? []
}

/** The innermost reasons of an error of libp2p, which collects them. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(reasonOf).join('; ')
  return asError(error).message
}
