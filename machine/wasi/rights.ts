/**
 * Rights of descriptors. As in wasmtime, only two of them decide anything, reading and writing a file; the others are what programs expect to
 * be told.
 */
export const right = {
  read: 1n << 1n,
  seek: 1n << 2n,
  write: 1n << 6n,
  setPathSize: 1n << 19n,
  setSize: 1n << 22n,
} as const

/** The thirty that preview 1 names. */
export const allRights = (1n << 30n) - 1n

/** All of fd_* but fd_readdir, and polling: none of a directory, nor of a socket. */
const rightsOfFiles = 0x8e0_01ffn

export function fileRights({ read, write }: { read: boolean; write: boolean }): bigint {
  return rightsOfFiles & ~(read ? 0n : right.read) & ~(write ? 0n : right.write)
}

export const directoryRights = allRights & ~(right.seek | right.write | right.setPathSize | right.setSize)

/** path_*, fd_readdir, fd_filestat_get and fd_filestat_set_times. */
export const preopenRights = 0x7b7_fe00n

/** Whether a descriptor that has `held` may come to have `wanted`: rights only ever go. */
export const allows = (held: bigint, wanted: bigint): boolean => (wanted & ~held) === 0n
