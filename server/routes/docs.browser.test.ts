/** Swagger UI as a person uses it: in a real browser, a job created through "Try it out". `PLASM_SCREENSHOTS=DIR` keeps what it looked like. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Browser, type ElementHandle, launch, type Page } from 'puppeteer-core'
import type { Job } from '../../phase/job.ts'
import { Client } from '../testing/client.ts'
import { type NodeProcess, startNodeProcess } from '../testing/process.ts'

const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)
const directory = await mkdtemp(join(tmpdir(), 'plasm-browser-'))
let node: NodeProcess
let browser: Browser

before(async () => {
  if (chromium === undefined) return
  node = await startNodeProcess({ dataDir: join(directory, 'node') })
  const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run']
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync']
  browser = await launch({
    executablePath: chromium,
    args: [...flags, ...quiet],
    userDataDir: join(directory, 'profile'),
    defaultViewport: { width: 1280, height: 1600 },
  })
})

after(async () => {
  await browser?.close()
  await node?.stop()
  await rm(directory, { recursive: true, force: true })
})

test('a job is created through Swagger UI, and nothing comes from elsewhere', async context => {
  if (chromium === undefined) {
    assert.notEqual(process.env['CI'], 'true', 'chromium is missing: .ci/install chromium')
    return context.skip('needs chromium')
  }
  const client = new Client(node.http)
  const module = await client.uploadHello()
  const page = await browser.newPage()
  const foreign: string[] = []
  const problems: string[] = []
  page.on('request', request => {
    if (!request.url().startsWith(node.http) && !request.url().startsWith('data:')) foreign.push(request.url())
  })
  page.on('pageerror', error => problems.push(String(error)))
  page.on('console', message => {
    if (message.type() === 'error') problems.push(message.text())
  })
  await page.goto(`${node.http}/docs`, { waitUntil: 'networkidle0' })
  assert.equal(await page.title(), 'Plasm')
  await screenshot(page, 'swagger-ui')
  const answer = await tryCreateJob(page, JSON.stringify({ module, stdin: { text: 'from a browser' } }))
  await screenshot(page, 'swagger-ui-job')
  const ended = await client.ended(answer.id)
  assert.equal(ended.state, 'succeeded')
  assert.equal(await client.output(answer.id), 'resworb a morf')
  assert.deepEqual(foreign, [])
  assert.deepEqual(problems, [])
})

async function tryCreateJob(page: Page, body: string): Promise<Job> {
  const block = await found(page, '[id$="-createJob"]')
  await (await block.$('.opblock-summary-control'))?.click()
  const text = await found(page, '[id$="-createJob"] textarea.body-param__text')
  await text.click({ count: 3 })
  await page.keyboard.down('Control')
  await page.keyboard.press('A')
  await page.keyboard.up('Control')
  await page.keyboard.sendCharacter(body)
  const answered = page.waitForResponse(response => response.url().endsWith('/v1/jobs'))
  await (await found(page, '[id$="-createJob"] button.execute')).click()
  const response = await answered
  assert.ok(response.ok(), await response.text())
  await found(page, '[id$="-createJob"] .live-responses-table')
  return (await response.json()) as Job
}

async function found(page: Page, selector: string): Promise<ElementHandle> {
  return (await page.waitForSelector(selector, { visible: true, timeout: 30_000 })) as ElementHandle
}

async function screenshot(page: Page, name: string): Promise<void> {
  const folder = process.env['PLASM_SCREENSHOTS']
  if (folder !== undefined) await page.screenshot({ path: join(folder, `${name}.png`) })
}
