/** What a node says of itself (SPEC.md, Node info), and what another node knows of it. */
import { type Static, Type } from '@sinclair/typebox'
import { addressesMax, nodeInfoPayloadBytesMax } from './limits.ts'
import { Did, Integer, named, PeerIdText, ref, Text, Timestamp } from './schema.ts'

export const nodeInfoPayloadType = 'application/vnd.phase.node-info.v1+json'
export { nodeInfoPayloadBytesMax }

export const NodeLimitsSchema = named(
  'NodeLimits',
  'What a node accepts for one job at most',
  {
    memoryBytes: Integer('Linear memory'),
    outputBytes: Integer('stdout + stderr'),
    stdinBytes: Integer('stdin'),
    moduleBytes: Integer('Module'),
    timeoutMs: Integer('Wall clock of one execution'),
  },
  { open: true },
)
export type NodeLimits = Static<typeof NodeLimitsSchema>

const Profiles = Type.Array(Text('A profile, e.g. phase-wasm32-v1', 64), {
  description: 'Execution profiles that it offers, best first',
  maxItems: 16,
})
const Slots = Integer('Jobs that it runs at the same time; 0: it only forwards', 0, 65_536)
const Load = Integer('Slots in use or waited for, in percent of all; may pass 100', 0, 1_000_000)

/** The payload of the hello, signed by its node. Members that a reader does not know are ignored. */
export const NodeInfoSchema = named(
  'NodeInfo',
  'What a node says of itself, signed',
  {
    peerId: PeerIdText('libp2p peer id'),
    seq: Integer('Grows with every statement of this node: the highest counts'),
    issuedAt: Timestamp('When it was said'),
    expiresAt: Timestamp('Until when it counts'),
    version: Text('Version of the node software', 64),
    profiles: Profiles,
    limits: ref(NodeLimitsSchema),
    slots: Slots,
    load: Load,
  },
  { open: true },
)
export type NodeInfo = Static<typeof NodeInfoSchema>

/** An executor as this node knows it. */
export const PeerSchema = named('Peer', 'An executor that this node knows', {
  peerId: PeerIdText('libp2p peer id'),
  did: Did('The same key as a did:key: what receipts are signed with'),
  addresses: Type.Array(Text('Multiaddr', 512), { maxItems: addressesMax }),
  version: Text('Version of its software', 64),
  profiles: Profiles,
  limits: ref(NodeLimitsSchema),
  slots: Slots,
  load: Load,
  latencyUs: Integer('Round trip of the last hello, in microseconds'),
  lastSeenAt: Timestamp('When it last answered'),
})
export type Peer = Static<typeof PeerSchema>

/** This node about itself. */
export const NodeStatusSchema = named('NodeStatus', 'This node', {
  peerId: PeerIdText('libp2p peer id'),
  did: Did('The same key as a did:key: what its receipts are signed with'),
  addresses: Type.Array(Text('Multiaddr, with /p2p/ and the peer id', 512)),
  network: Text('local, lan or public', 16),
  version: Text('Version of the node software', 64),
  profiles: Profiles,
  limits: ref(NodeLimitsSchema),
  slots: Slots,
  load: Load,
  peers: Integer('Executors that it knows'),
  connections: Integer('Open p2p connections'),
  sandbox: Type.Array(Text('An isolation layer, e.g. process, permission', 32), {
    description: 'What stands between a module and this machine',
  }),
  startedAt: Timestamp('When it started'),
  uptimeMs: Integer('How long it has run'),
})
export type NodeStatus = Static<typeof NodeStatusSchema>

export const peerSchemas = [NodeLimitsSchema, NodeInfoSchema, PeerSchema, NodeStatusSchema]
