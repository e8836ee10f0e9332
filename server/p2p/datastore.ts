/**
 * What libp2p remembers while it runs: peers, and the provider records that others give it. kad-dht keeps whatever it is told; here both
 * have a quota. Nothing is written to disk: a node finds its peers again through those that the store remembers.
 */
import { peerIdFromCID, peerIdFromString } from '@libp2p/peer-id'
import { MemoryDatastore } from 'datastore-core'
import { Key, type Pair, type Query } from 'interface-datastore'
import { CID } from 'multiformats/cid'
import { PhaseError } from '../../phase/errors.ts'

/** Provider records in all: with shards of a few thousand executors each, more than one node is ever asked to keep. */
const recordsMax = 8192
/** Of one provider: profiles times shards, with room for both growing. */
const recordsPerPeerMax = 32
/** Records that one answer names, drawn by lot where there are more: a whole answer has to fit into a frame. */
export const recordsAnsweredMax = 256
/** Peers that are remembered; the one that has not been heard of for longest is forgotten. */
const peersMax = 8192
/** Of one peer: addresses, protocols, its signed record. */
const peerBytesMax = 8 * 1024

interface Record {
  value: Uint8Array
  provider: string
  /** Where that peer's addresses are. */
  peerKey: string
}

export class GuardedDatastore extends MemoryDatastore {
  private readonly isKept: (peerId: string) => boolean
  private readonly records = new Map<string, Record>()
  private readonly perProvider = new Map<string, number>()
  /** Peer ids by key, the latest last. */
  private readonly peers = new Map<string, string>()

  /** `isKept`: peers that are not forgotten, whoever else comes: this node itself and those it is connected to. */
  constructor(isKept: (peerId: string) => boolean) {
    super()
    this.isKept = isKept
  }

  /** @throws {PhaseError} `quotaExceeded` for one record too many: kad-dht then closes the stream that brought it. */
  override put(key: Key, value: Uint8Array): Key {
    const text = key.toString()
    if (text.startsWith(recordPrefix)) this.putRecord(text, value)
    else if (text.startsWith(peerPrefix)) this.putPeer(key, value)
    // Values are not what this DHT is for.
    return key
  }

  override get(key: Key): Uint8Array {
    return this.records.get(key.toString())?.value ?? (super.get(key) as Uint8Array)
  }

  override has(key: Key): boolean {
    return this.records.has(key.toString()) || (super.has(key) as boolean)
  }

  override delete(key: Key): void {
    const text = key.toString()
    const record = this.records.get(text)
    if (record !== undefined) {
      const count = (this.perProvider.get(record.provider) ?? 1) - 1
      if (count === 0) this.perProvider.delete(record.provider)
      else this.perProvider.set(record.provider, count)
      this.records.delete(text)
    }
    this.peers.delete(text)
    void super.delete(key)
  }

  /** Records of peers whose addresses are not known any more lead nowhere; kad-dht would fail the whole answer over one. */
  override query(query: Query): Generator<Pair> | AsyncGenerator<Pair> {
    const { prefix } = query
    if (prefix === undefined || !`${prefix}/`.startsWith(recordPrefix)) return super.query(query)
    if (`${prefix}/` === recordPrefix) return pairs([...this.records])
    const found = [...this.records].filter(
      ([text, { peerKey }]) => text.startsWith(`${prefix}/`) && this.peers.has(peerKey),
    )
    return pairs(drawn(found, recordsAnsweredMax))
  }

  private putRecord(text: string, value: Uint8Array): void {
    const known = this.records.get(text)
    const provider = text.slice(text.lastIndexOf('/') + 1)
    if (known === undefined) {
      const count = this.perProvider.get(provider) ?? 0
      if (this.records.size >= recordsMax || count >= recordsPerPeerMax) {
        throw new PhaseError('quotaExceeded', `Cannot keep another provider record: ${count} of this provider are here`)
      }
      this.perProvider.set(provider, count + 1)
    }
    const peerKey =
      known?.peerKey ?? new Key(`${peerPrefix}${peerIdFromString(provider).toCID().toString()}`).toString()
    this.records.set(text, { value, provider, peerKey })
  }

  private putPeer(key: Key, value: Uint8Array): void {
    if (value.length > peerBytesMax) return
    const text = key.toString()
    const peerId = this.peers.get(text) ?? peerIdFromCID(CID.parse(text.slice(peerPrefix.length))).toString()
    this.peers.delete(text)
    if (this.peers.size >= peersMax) this.forgetPeer()
    this.peers.set(text, peerId)
    void super.put(key, value)
  }

  private forgetPeer(): void {
    for (const [text, peerId] of this.peers) {
      if (this.isKept(peerId)) continue
      this.delete(new Key(text))
      return
    }
  }
}

const recordPrefix = '/dht/provider/'
const peerPrefix = '/peers/'

function* pairs(records: readonly (readonly [string, Record])[]): Generator<Pair> {
  for (const [text, { value }] of records) yield { key: new Key(text, false), value }
}

/** `most` of them, each as likely as any other. */
function drawn<T>(all: T[], most: number): T[] {
  for (let at = 0; at < most && all.length > most; at++) {
    const other = at + Math.floor(Math.random() * (all.length - at))
    ;[all[at], all[other]] = [all[other] as T, all[at] as T]
  }
  return all.slice(0, most)
}
