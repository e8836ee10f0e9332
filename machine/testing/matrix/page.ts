/** The matrix in a page and in a worker of it, each on the stack that the browser gives by itself. */
import type { Corpus } from './corpus.ts'
import { perform } from './perform.ts'

const scope = globalThis as { document?: unknown; postMessage?: (text: string) => void }

/** As text: JSON is what every way out of a browser carries. */
export const performHere = async (): Promise<string> => {
  const corpus = (await (await fetch('/corpus.json')).json()) as Corpus
  return JSON.stringify(perform(corpus, { stack: true }))
}

export const performInWorker = (): Promise<string> =>
  new Promise((resolve, reject) => {
    const worker = new Worker('/matrix.js')
    worker.addEventListener('message', ({ data }) => resolve(data as string))
    worker.addEventListener('error', ({ message }) => reject(new Error(message)))
  })

if (scope.document === undefined) {
  performHere().then(
    text => scope.postMessage?.(text),
    error => scope.postMessage?.(JSON.stringify({ error: String(error) })),
  )
}
