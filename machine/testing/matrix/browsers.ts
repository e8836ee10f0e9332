/** The matrix in browsers, driven over WebDriver BiDi. */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { launch } from 'puppeteer-core'
import type { Report } from './corpus.ts'

export interface BrowserChoice {
  browser: 'chrome' | 'firefox'
  executable: string
  where: 'page' | 'worker'
}

const performMs = 240_000

/** @throws what the page threw. */
export async function performInBrowser(
  { browser, executable, where }: BrowserChoice,
  files: { script: string; corpus: string },
): Promise<Report> {
  const profile = await mkdtemp(join(tmpdir(), `plasm-${browser}-`))
  const server = createServer((request, response) => {
    const [type, body] =
      request.url === '/matrix.js'
        ? ['text/javascript', files.script]
        : request.url === '/corpus.json'
          ? ['application/json', files.corpus]
          : ['text/html', '<!doctype html><meta charset="utf-8"><script src="/matrix.js"></script>']
    response.writeHead(200, { 'content-type': type }).end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const args =
    browser === 'chrome' ? ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'] : []
  const process = await launch({
    browser,
    executablePath: executable,
    protocol: 'webDriverBiDi',
    headless: true,
    userDataDir: profile,
    protocolTimeout: performMs,
    args,
  })
  try {
    const page = await process.newPage()
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    const text = await page.evaluate(
      (name: string) => (globalThis as unknown as { matrix: Record<string, () => Promise<string>> }).matrix[name]?.(),
      where === 'page' ? 'performHere' : 'performInWorker',
    )
    const said = JSON.parse(text ?? '') as Report | { error: string }
    if ('error' in said) throw new Error(said.error)
    return said
  } finally {
    await process.close()
    server.closeAllConnections()
    server.close()
    await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
}
