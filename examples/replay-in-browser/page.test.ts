/** The page as a stranger has it: beside the packed SDK, from a server of static files, in a real browser. `PLASM_SCREENSHOTS=DIR` keeps what it looked like. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, extname, join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { type Browser, type ElementHandle, launch, type Page } from 'puppeteer-core'
import { compileFixture } from '../../machine/fixtures/compile.ts'
import { contentOf, digestOf } from '../../phase/digest.ts'
import { signerFromSeed } from '../../phase/ed25519.ts'
import { didOf } from '../../phase/identity.ts'
import { completeManifest } from '../../phase/manifest.ts'
import { makeBinding, makeClaim, signReceipt } from '../../phase/receipt.ts'
import { signRequest } from '../../phase/request.ts'
import { packSdk } from '../../release/sdk.ts'
import { Client, helloFile } from '../../server/testing/client.ts'
import { startNodeProcess } from '../../server/testing/process.ts'

const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)
const skip = chromium === undefined && process.env['CI'] !== 'true' && 'needs chromium'
const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' }
const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'"

let directory: string
let browser: Browser
let page: Page
let honest: string
let problems: string[]
const file = (name: string) => join(directory, name)
const server = createServer((request, response) => void serve(request.url as string, response))

describe('the page that replays a job', { skip }, () => {
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'plasm-replay-'))
    await installSite()
    await writeFile(file('input.txt'), 'Hello, World')
    honest = await runHello()
    await lie('lie', await readFile(helloFile), Buffer.from('Hello, World'))
    await lie('endless', await compileFixture('loop'), Buffer.alloc(0))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    browser = await launch({
      executablePath: chromium as string,
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'],
      userDataDir: file('profile'),
      defaultViewport: { width: 900, height: 900 },
    })
  })
  after(async () => {
    await browser?.close()
    server.closeAllConnections()
    server.close()
    await rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  })
  beforeEach(async () => {
    page = await browser.newPage()
    problems = []
    page.on('pageerror', error => problems.push(String(error)))
    page.on('console', message => message.type() === 'error' && problems.push(message.text()))
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  })
  afterEach(async () => {
    await page.close()
    assert.deepEqual(problems, [])
  })

  test('shows that an honest claim comes out, and that the expected key signed it', async () => {
    await choose({ Receipt: 'job.json', 'Signed request': 'job-request.json', Module: 'job.wasm', Input: 'input.txt' })
    await (await named('Executor')).type(honest)
    const said = await runAgain('same')
    assert.match(said, /^The claim comes out\s+Here the module exited with 0, with 12 bytes of output, for \d+ fuel\./)
    assert.match(said, /Signed by did:key:z6Mk\w+: the executor that you expect\.$/)
  })

  test('takes files that are dropped, each to its place, and shows what a lie has otherwise', async () => {
    await drop('lie.wasm', 'input.txt', 'lie-request.json', 'lie.json')
    await page.waitForFunction(
      () =>
        document
          .querySelectorAll('input[type=file]')
          .values()
          .filter(field => (field as HTMLInputElement).files?.length === 1)
          .toArray().length === 4,
    )
    const said = await runAgain('other')
    assert.match(said, /^The claim does not come out/)
    assert.match(said, /Member\s+Claimed\s+Found\s+fuel\s+1\s+\d+\s+stdout\.digest\s+"sha256:/)
    assert.match(said, /whose key that is, this page does not know\.$/)
  })

  test('runs nothing for a receipt that does not hold', async () => {
    await choose({ Receipt: 'job.json', 'Signed request': 'lie-request.json', Module: 'job.wasm', Input: 'input.txt' })
    assert.match(await runAgain('invalid'), /^The receipt does not hold\s+The receipt is invalid: /)
  })

  test('says nothing of a receipt where a file is another one', async () => {
    await choose({ Receipt: 'job.json', 'Signed request': 'job-request.json', Module: 'job.wasm' })
    assert.match(await runAgain('nothing'), /^Nothing can be said\s+.*stdin/)
  })

  test('ends a guest that does not end', async () => {
    await choose({ Receipt: 'endless.json', 'Signed request': 'endless-request.json', Module: 'endless.wasm' })
    await runAgain('running')
    await (await named('Stop')).click()
    assert.match(await verdict('stopped'), /^Stopped/)
  })
})

/** A copy of this folder, with the SDK as it is published. */
async function installSite(): Promise<void> {
  const isSource = (path: string) => !['node_modules', 'package-lock.json'].includes(basename(path))
  await cp(import.meta.dirname, file('site'), { recursive: true, filter: isSource })
  const install = ['install', '--offline', '--no-audit', '--no-fund', '--no-save', await packSdk(directory)]
  await promisify(execFile)('npm', install, { cwd: file('site') })
}

async function serve(url: string, response: ServerResponse): Promise<void> {
  const name = url === '/' ? 'index.html' : url.slice(1)
  const type = types[extname(name)]
  const body = await readFile(join(file('site'), name)).catch(() => undefined)
  if (type === undefined || body === undefined) response.writeHead(404).end()
  else response.writeHead(200, { 'content-type': type, 'content-security-policy': policy }).end(body)
}

/** A node's own receipt, and what goes with it. @returns the node's did. */
async function runHello(): Promise<string> {
  const node = await startNodeProcess({ dataDir: file('node') })
  try {
    const client = new Client(node.http)
    const { id } = await client.run({ module: await client.uploadHello(), stdin: { text: 'Hello, World' } })
    await writeFile(file('job.json'), JSON.stringify(await client.receipt(id)))
    await writeFile(file('job-request.json'), JSON.stringify(await client.json(`/v1/jobs/${id}/request`)))
    await cp(helloFile, file('job.wasm'))
    return (await client.json<{ did: string }>('/v1/node')).did
  } finally {
    await node.stop()
  }
}

/** Signed as it should be, by an executor who did not run it. */
async function lie(name: string, module: Uint8Array, stdin: Uint8Array): Promise<void> {
  const signer = signerFromSeed(new Uint8Array(32).fill(1))
  const manifest = completeManifest({ module: digestOf(module) }, { stdin: contentOf(stdin), nonce: '00'.repeat(16) })
  const asked = { manifest, jobId: '01890a5d-ac96-774b-bcce-b302099a8057', replica: 0, attempt: 1 }
  const at = '2026-01-02T03:04:05.000Z'
  const signed = signRequest({ ...asked, executor: didOf(signer.publicKey), issuedAt: at }, signer)
  const nothing = contentOf(new Uint8Array(0))
  const outcome = { reason: 'exited', exitCode: 0 } as const
  const { envelope } = signReceipt(
    {
      claim: makeClaim(manifest, { outcome, fuel: 1, stdout: nothing, stderr: nothing }),
      measurement: {
        wallUs: 1,
        cpuUs: 1,
        compileUs: 1,
        memoryBytesPeak: 1,
        startedAt: at,
        finishedAt: at,
        salt: '00'.repeat(16),
        runtime: { name: 'plasm', version: '0.1.0', engine: 'none', arch: 'none' },
      },
      binding: makeBinding(signed.request, signed.digest),
    },
    signer,
  )
  await writeFile(file(`${name}.json`), envelope)
  await writeFile(file(`${name}-request.json`), signed.envelope)
  await writeFile(file(`${name}.wasm`), module)
}

/** The field of this label, or the button that says so. */
async function named(words: string): Promise<ElementHandle<HTMLInputElement>> {
  const found = await page.evaluateHandle(words => {
    const all = [...document.querySelectorAll<HTMLLabelElement | HTMLButtonElement>('label, button')]
    const one = all.find(({ textContent }) => textContent === words)
    return one instanceof HTMLLabelElement ? one.control : one
  }, words)
  return found as ElementHandle<HTMLInputElement>
}

async function choose(files: Record<string, string>): Promise<void> {
  for (const [label, name] of Object.entries(files)) {
    await (await named(label)).uploadFile(file(name))
  }
}

async function drop(...names: string[]): Promise<void> {
  const files = names.map(async name => ({ name, content: await readFile(file(name), 'base64') }))
  await page.evaluate(
    given => {
      const dataTransfer = new DataTransfer()
      for (const { name, content } of given) {
        dataTransfer.items.add(new File([Uint8Array.from(atob(content), letter => letter.charCodeAt(0))], name))
      }
      document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }))
    },
    await Promise.all(files),
  )
}

async function runAgain(kind: string): Promise<string> {
  await (await named('Run it again')).click()
  return await verdict(kind)
}

/** @returns what is shown once there is a verdict, which must be of this kind. */
async function verdict(kind: string): Promise<string> {
  const passing = kind === 'running' ? [''] : ['', 'running']
  await page.waitForFunction(no => !no.includes(document.querySelector('#verdict')?.className ?? ''), {}, passing)
  const { found, said } = await page.$eval('#verdict', shown => ({
    found: shown.className,
    said: (shown as HTMLElement).innerText.trim(),
  }))
  const folder = process.env['PLASM_SCREENSHOTS']
  if (folder !== undefined) await page.screenshot({ path: join(folder, `replay-${kind}.png`), fullPage: true })
  assert.equal(found, kind, said)
  return said
}
