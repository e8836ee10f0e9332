/** Peers that were met, and which submitter has sent which content. Both are hints with bounds: the oldest make room. */
import type { Peer } from '../../../phase/peer.ts'
import type { Database } from '../database.ts'

/** Enough to find the network again after a restart. */
export const peersMax = 1024
/** All holdings together; one that is lost costs its submitter a second transfer. */
export const holdingsMax = 65_536
/** Of one submitter, so that no stranger crowds out the others. */
export const holdingsPerSubmitterMax = 1024

export class PeerTable {
  private readonly database: Database

  constructor(database: Database) {
    this.database = database
  }

  put(peer: Peer): void {
    this.database
      .sql('INSERT OR REPLACE INTO peers (peerId, seenAtMs, peer) VALUES (?, ?, ?)')
      .run(peer.peerId, Date.parse(peer.lastSeenAt), JSON.stringify(peer))
    this.database
      .sql('DELETE FROM peers WHERE peerId IN (SELECT peerId FROM peers ORDER BY seenAtMs DESC LIMIT -1 OFFSET ?)')
      .run(peersMax)
  }

  list(limit: number): Peer[] {
    const rows = this.database.sql('SELECT peer FROM peers ORDER BY seenAtMs DESC LIMIT ?').all(limit)
    return rows.map(row => JSON.parse(row.peer as string) as Peer)
  }

  delete(peerId: string): void {
    this.database.sql('DELETE FROM peers WHERE peerId = ?').run(peerId)
  }

  hold(submitter: string, digest: string): void {
    this.database.sql('INSERT OR REPLACE INTO holdings (submitter, digest) VALUES (?, ?)').run(submitter, digest)
    this.database
      .sql(
        `DELETE FROM holdings WHERE number IN
         (SELECT number FROM holdings WHERE submitter = ? ORDER BY number DESC LIMIT -1 OFFSET ?)`,
      )
      .run(submitter, holdingsPerSubmitterMax)
    this.database.sql('DELETE FROM holdings WHERE number <= (SELECT max(number) FROM holdings) - ?').run(holdingsMax)
  }

  holds(submitter: string, digest: string): boolean {
    return (
      this.database.sql('SELECT 1 FROM holdings WHERE submitter = ? AND digest = ?').get(submitter, digest) !==
      undefined
    )
  }
}
