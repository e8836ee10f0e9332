/** `/phase/info/1`, the hello: whoever opens the stream gets one frame, the signed NodeInfo of the other side. */
import type { Connection } from '@libp2p/interface'
import { publicKeyOfPeerId } from '../../../phase/identity.ts'
import { openNodeInfo } from '../../../phase/node-info.ts'
import { type NodeInfo, nodeInfoPayloadBytesMax } from '../../../phase/peer.ts'
import type { Ed25519 } from '../../../phase/signature.ts'
import { infoFrames, protocols } from '../../../phase/wire.ts'
import { asError, FrameStream } from '../framing.ts'

/** base64 and the envelope around it. */
const bodyBytesMax = nodeInfoPayloadBytesMax * 2
/** Load ages within seconds: a flood of hellos costs one signature in this time. */
const freshMs = 250

/** Answers hellos with what `nodeInfo` says. */
export class InfoServer {
  private readonly nodeInfo: () => Uint8Array
  private made: { info: Uint8Array; atMs: number } | undefined

  constructor(nodeInfo: () => Uint8Array) {
    this.nodeInfo = nodeInfo
  }

  async serve(frames: FrameStream): Promise<void> {
    const nowMs = performance.now()
    if (this.made === undefined || nowMs - this.made.atMs > freshMs) this.made = { info: this.nodeInfo(), atMs: nowMs }
    await frames.write({ header: { type: 'info' }, body: this.made.info })
    frames.finish()
  }
}

/**
 * What the other side of `connection` says of itself, checked against its key.
 * @throws {PhaseError} `unavailable`, `timedOut`, `protocol`, `invalid`.
 */
export async function askInfo(
  connection: Connection,
  ed25519: Ed25519,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<{ info: NodeInfo; latencyUs: number }> {
  const began = performance.now()
  const frames = new FrameStream(await connection.newStream(protocols.info, { signal }))
  try {
    const { body } = await frames.read(infoFrames, { timeoutMs, bodyBytesMax })
    const latencyUs = Math.round((performance.now() - began) * 1000)
    frames.finish()
    const key = publicKeyOfPeerId(connection.remotePeer.toString())
    return { info: openNodeInfo(body, key, ed25519, new Date().toISOString()), latencyUs }
  } catch (error) {
    frames.abort(asError(error))
    throw error
  }
}
