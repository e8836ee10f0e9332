/** Room in the quota, made by whoever sweeps. */
import { isPhaseError } from '../../phase/errors.ts'

/** Sweeps until `bytes` more have room, or `signal` aborts, and says whether there is room. */
type RoomMaker = (bytes: number, signal: AbortSignal | undefined) => Promise<boolean>

/** Until somebody is asked for room, there is none to be had. */
export class Room {
  private maker: RoomMaker | undefined

  from(maker: RoomMaker): void {
    this.maker = maker
  }

  /** Whether `bytes` more have room now; somebody else may take it. Never rejects. */
  async make(bytes: number, signal?: AbortSignal): Promise<boolean> {
    return (await this.maker?.(bytes, signal).catch(() => false)) ?? false
  }
}

/** `write`, and once more where the quota refused it and room for `bytes` could be made. */
export async function withRoom<T>(room: Room, bytes: number, write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    if (!isPhaseError(error, 'quotaExceeded') || !(await room.make(bytes))) throw error
    return write()
  }
}
