/** What the guest's clocks show. All four of preview 1 (realtime, monotonic, process and thread time) show the same. */

/** A real clock, passed in where the job was granted the capability `clock`. */
export interface RealClock {
  realtimeNs(): bigint
  monotonicNs(): bigint
  sleep(ns: bigint): void
}

const callNs = 1_000n
const largest = 2n ** 64n - 1n

export interface GuestClock {
  /** Called once with each host call. */
  tick(): void
  now(id: number): bigint
  resolutionNs: bigint
  sleep(ns: bigint): void
  /** How long the guest has slept, where that is virtual. */
  readonly sleptNs: bigint
}

/** Time that passes by what the guest does: it begins at 0 (1970), goes on as `passedNs` says, or by 1 us with each host call, and jumps when the guest sleeps. */
export class VirtualClock implements GuestClock {
  readonly resolutionNs: bigint
  private readonly passedNs: () => bigint
  private calls = 0n
  sleptNs = 0n

  constructor(passedNs?: () => bigint) {
    this.resolutionNs = passedNs === undefined ? callNs : 1n
    this.passedNs = passedNs ?? (() => this.calls * callNs)
  }

  tick(): void {
    this.calls++
  }

  now(): bigint {
    return atMost(this.passedNs() + this.sleptNs)
  }

  sleep(ns: bigint): void {
    this.sleptNs = atMost(this.sleptNs + ns)
  }
}

const atMost = (ns: bigint): bigint => (ns > largest ? largest : ns)

export class GrantedClock implements GuestClock {
  readonly resolutionNs = 1_000_000n
  readonly sleptNs = 0n
  private readonly real: RealClock

  constructor(real: RealClock) {
    this.real = real
  }

  tick(): void {}

  now(id: number): bigint {
    return id === 0 ? this.real.realtimeNs() : this.real.monotonicNs()
  }

  sleep(ns: bigint): void {
    this.real.sleep(ns)
  }
}
