/** Where a job goes: a pure function of what is known now. */
import type { CompleteManifest } from '../../phase/manifest.ts'
import type { Peer } from '../../phase/peer.ts'

/** An executor that a job could go to. */
export interface Candidate {
  peer: Pick<Peer, 'peerId' | 'slots' | 'load' | 'latencyUs' | 'profiles' | 'limits'>
  /** Slots that jobs of this node take there now: more recent than the peer's own word. */
  slotsInFlight: number
  /** It refused or failed: nothing goes there before this time. */
  excludedUntilMs: number
}

export interface LocalCapacity {
  peerId: string
  slots: number
  slotsFree: number
}

export type Placement =
  | { kind: 'local' }
  | { kind: 'remote'; peerId: string }
  /** Nobody can take it now. `why` is for the person who waits. */
  | { kind: 'wait'; why: string }

/**
 * Jobs that this node sends to a peer beyond its slots, for each slot, so that the next is there when one ends. A peer that is
 * full says so, and the job goes elsewhere.
 */
const aheadPerSlot = 1

/** The place for `manifest`: this node when it has a free slot, else the least loaded, nearest peer that can keep its limits. */
export function place(
  manifest: CompleteManifest,
  local: LocalCapacity,
  candidates: readonly Candidate[],
  nowMs: number,
): Placement {
  const { placement, resources } = manifest
  const wanted = placement === local.peerId ? 'local' : placement
  const localFits = resources.cpu <= local.slots
  if (wanted === 'local') {
    if (local.slotsFree >= resources.cpu && localFits) return { kind: 'local' }
    return { kind: 'wait', why: localFits ? 'this node has no free slot' : 'this node has too few slots' }
  }
  if (wanted === 'any' && localFits && local.slotsFree >= resources.cpu) return { kind: 'local' }
  const fitting = candidates.filter(
    ({ peer }) => (wanted === 'any' || wanted === 'remote' || wanted === peer.peerId) && canKeep(peer, manifest),
  )
  const free = fitting.filter(candidate => candidate.excludedUntilMs <= nowMs && hasRoom(candidate, resources.cpu))
  const best = free.reduce<Candidate | undefined>(
    (chosen, next) => (chosen === undefined || compare(next, chosen) < 0 ? next : chosen),
    undefined,
  )
  if (best !== undefined) return { kind: 'remote', peerId: best.peer.peerId }
  if (fitting.length > 0) return { kind: 'wait', why: 'every executor that could take it is busy' }
  return {
    kind: 'wait',
    why: candidates.length === 0 ? 'no executor is known' : 'no known executor can keep its limits',
  }
}

/** Whether a peer offers the profile and the limits that the job asks for. */
export function canKeep(peer: Candidate['peer'], { profile, resources, stdin, timeoutMs }: CompleteManifest): boolean {
  return (
    peer.profiles.includes(profile) &&
    resources.cpu <= peer.slots &&
    resources.memoryBytes <= peer.limits.memoryBytes &&
    resources.outputBytes <= peer.limits.outputBytes &&
    stdin.size <= peer.limits.stdinBytes &&
    timeoutMs <= peer.limits.timeoutMs
  )
}

const hasRoom = ({ peer, slotsInFlight }: Candidate, cpu: number): boolean =>
  slotsInFlight + cpu <= peer.slots * (1 + aheadPerSlot)

/** Share of the slots in use, as far as is known, in percent; then the round trip. */
function compare(a: Candidate, b: Candidate): number {
  const difference = use(a) - use(b)
  return difference === 0 ? a.peer.latencyUs - b.peer.latencyUs : difference
}

const use = ({ peer, slotsInFlight }: Candidate): number => Math.max(peer.load, (100 * slotsInFlight) / peer.slots)
