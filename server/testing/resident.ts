/** Resident memory by the operating system (Linux). */
import { readFile } from 'node:fs/promises'

/** Bytes of a process and all below it. */
export async function residentBytes(root: number): Promise<number> {
  let bytes = 0
  const waiting = [root]
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    try {
      const status = await readFile(`/proc/${pid}/status`, 'utf8')
      bytes += Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024
      const below = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
      waiting.push(...below.split(' ').filter(Boolean).map(Number))
    } catch {
      // It is gone.
    }
  }
  return bytes
}
