/** The hello (SPEC.md, Node info): what a node says of itself, signed by its own key. */
import { utf8, utf8Text } from './bytes.ts'
import { PhaseError } from './errors.ts'
import { peerIdOf } from './identity.ts'
import { parseJson } from './json.ts'
import {
  type NodeInfo,
  NodeInfoSchema,
  NodeLimitsSchema,
  nodeInfoPayloadBytesMax,
  nodeInfoPayloadType,
} from './peer.ts'
import { check } from './schema.ts'
import { type Ed25519, openEnvelope, type Signer, sealEnvelope } from './signature.ts'

/** An envelope's bytes. `info.peerId` must be the signer's. */
export const signNodeInfo = (info: NodeInfo, signer: Signer): Uint8Array =>
  sealEnvelope(nodeInfoPayloadType, utf8(JSON.stringify(info)), signer)

/**
 * What the peer with `publicKey` says of itself. `now` is RFC 3339.
 * @throws {PhaseError} `invalid` for another signer, another peer's info, an expired, oversize or malformed one.
 */
export function openNodeInfo(bytes: Uint8Array, publicKey: Uint8Array, ed25519: Ed25519, now: string): NodeInfo {
  const expected = { payloadType: nodeInfoPayloadType, publicKey, payloadBytesMax: nodeInfoPayloadBytesMax }
  const payload = openEnvelope(bytes, expected, ed25519)
  const value = parseJson(utf8Text(payload), { integersOnly: true })
  const info = check(NodeInfoSchema, [NodeLimitsSchema], value, 'the node info')
  if (info.peerId !== peerIdOf(publicKey)) {
    throw new PhaseError('invalid', `Cannot accept the node info: it is about "${info.peerId}"`)
  }
  if (!(Date.parse(info.expiresAt) > Date.parse(now))) {
    throw new PhaseError('invalid', `Cannot accept the node info: it expired at ${info.expiresAt}`)
  }
  return info
}
