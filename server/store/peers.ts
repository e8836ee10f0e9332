/** Peers that were met, and which submitter has sent which content: a digest is a name, not permission. */
import type { Peer } from '../../phase/peer.ts'
import type { StoreThread } from './thread.ts'

export class PeerStore {
  private readonly thread: StoreThread

  constructor(thread: StoreThread) {
    this.thread = thread
  }

  /** Of more than 1024 the one that was seen longest ago is forgotten. */
  put(peer: Peer): Promise<void> {
    return this.thread.write('putPeer', peer)
  }

  /** Last seen first. */
  list(limit: number): Promise<Peer[]> {
    return this.thread.read('listPeers', limit)
  }

  delete(peerId: string): Promise<void> {
    return this.thread.write('deletePeer', peerId)
  }

  /** Remembers that `submitter` has sent these bytes. The oldest are forgotten above 1024 of one submitter and 65,536 in all. */
  hold(submitter: string, digest: string): Promise<void> {
    return this.thread.write('hold', submitter, digest)
  }

  holds(submitter: string, digest: string): Promise<boolean> {
    return this.thread.read('holds', submitter, digest)
  }
}
