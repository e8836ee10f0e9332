// temporary
import type { Peer } from '../../phase/peer.ts'
import type { ExecutionEnd } from '../../phase/wire.ts'
export interface OutgoingOffer {
  request: Uint8Array
  jobId: string
  attempt: number
  stdin?: Uint8Array
  names: string[]
  sink: OfferSink
}
export interface OfferSink {
  accepted(): Promise<void>
  started(): Promise<void>
  progress(detail: string): Promise<void>
  output(stream: 'stdout' | 'stderr', bytes: Uint8Array): Promise<void>
  ended(end: ExecutionEnd, receipt: Uint8Array | undefined): Promise<{ receiptId?: string }>
}
export interface OfferTaker {
  take(
    offer: {
      submitter: string
      request: Uint8Array
      stdin?: Uint8Array
      fetch(
        content: { digest: string; size?: number; kind: 'module' | 'stdin' },
        signal: AbortSignal,
      ): Promise<AsyncIterable<Uint8Array>>
    },
    signal: AbortSignal,
  ): Promise<TakenKey>
  watch(key: TakenKey, signal: AbortSignal): AsyncIterable<TakenEvent>
  cancel(key: TakenKey): Promise<void>
  settle(key: TakenKey, receiptId: string | undefined): Promise<void>
}
export interface TakenKey {
  submitter: string
  jobId: string
  replica: number
  attempt: number
}
export type TakenEvent =
  | { type: 'started' }
  | { type: 'progress'; detail: string }
  | { type: 'ended'; end: ExecutionEnd; receipt?: Uint8Array; stdout: Uint8Array; stderr: Uint8Array }
export class P2p {
  constructor(_o: object) {}
  peerId = ''
  addresses(): string[] {
    return []
  }
  connections(): number {
    return 0
  }
  ready(): boolean {
    return true
  }
  async start(): Promise<void> {}
  async stop(): Promise<void> {}
  async *discover(_s: AbortSignal): AsyncGenerator<Peer> {}
  async hello(_p: string, _s: AbortSignal): Promise<Peer> {
    throw new Error('no')
  }
  async offer(_e: string, _o: OutgoingOffer, _s: AbortSignal): Promise<void> {
    throw new Error('no')
  }
}
