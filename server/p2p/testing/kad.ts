/** Kademlia messages as a stranger writes them (https://github.com/libp2p/specs/tree/master/kad-dht), without asking the library. */
import { concat } from '../../../phase/bytes.ts'

const varint = (value: number): Uint8Array => {
  const bytes: number[] = []
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return Uint8Array.of(...bytes, left)
    bytes.push((left % 128) | 128)
  }
}
const field = (number: number, bytes: Uint8Array): Uint8Array =>
  concat(varint(number * 8 + 2), varint(bytes.length), bytes)

export interface KadPeer {
  id: Uint8Array
  addresses: readonly Uint8Array[]
}
const peer = ({ id, addresses }: KadPeer) => concat(field(1, id), ...addresses.map(address => field(2, address)))

const message = (type: number, ...fields: Uint8Array[]): Uint8Array => {
  const bytes = concat(Uint8Array.of(8, type), ...fields)
  return concat(varint(bytes.length), bytes)
}

/** `key`: a multihash. */
export const addProvider = (key: Uint8Array, ...providers: KadPeer[]): Uint8Array =>
  message(2, field(2, key), ...providers.map(provider => field(9, peer(provider))))

export const getProviders = (key: Uint8Array): Uint8Array => message(3, field(2, key))

export const putValue = (key: Uint8Array, value: Uint8Array): Uint8Array =>
  message(0, field(2, key), field(3, concat(field(1, key), field(2, value))))

/** The answer to a look-up, with these peers as closer and as providers. */
export const found = (type: 3 | 4, key: Uint8Array, closer: readonly KadPeer[], providers: readonly KadPeer[] = []) =>
  message(type, field(2, key), ...closer.map(one => field(8, peer(one))), ...providers.map(one => field(9, peer(one))))
