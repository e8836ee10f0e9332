import { readFile } from 'node:fs/promises'

/** What a process and all below it hold of the machine's memory (Linux). */
export async function residentMiB(root: number): Promise<number> {
  let kibibytes = 0
  const waiting = [root]
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    try {
      const status = await readFile(`/proc/${pid}/status`, 'utf8')
      kibibytes += Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0)
      const below = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
      waiting.push(...below.split(' ').filter(Boolean).map(Number))
    } catch {
      // It is gone.
    }
  }
  return Math.round(kibibytes / 1024)
}
