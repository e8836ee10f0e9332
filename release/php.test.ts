/** `composer require phasebased/plasm-php`, from a repository that speaks Composer's protocol and from one of git, and then a job. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, normalize } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { run, without } from '../sdks/php/testing/php.ts'
import { type NodeProcess, startNodeProcess } from '../server/testing/process.ts'
import { root } from './bundle.ts'
import { makeRelease, packageName, pushRelease, writeComposerRepository } from './php.ts'

const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()

test('a release is the files that are shipped, and nothing else, the same each time', async () => {
  const { commit, version } = await makeRelease()
  assert.deepEqual(await makeRelease(), { commit, version })
  const files = git('ls-tree', '-r', '--name-only', commit).split('\n')
  const others = files.filter(file => !/^src\/[\w/]+\.php$/.test(file))
  assert.deepEqual(others, [
    'LICENSE',
    'README.md',
    'autoload.php',
    'composer.json',
    'examples/hello/hello.wasm',
    'examples/remote_test.php',
  ])
  assert.ok(files.length > 60)
})

describe('composer require', { skip: without('php', 'composer', 'git') }, () => {
  let directory: string
  let node: NodeProcess
  let server: Server

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'plasm-composer-'))
    node = await startNodeProcess({ dataDir: join(directory, 'node'), flags: ['--slots', '1'] })
    const files = join(directory, 'static')
    server = createServer((request, response) => {
      const file = join(files, normalize(decodeURIComponent(request.url ?? '/')))
      readFile(file).then(
        bytes => response.end(bytes),
        () => response.writeHead(404).end(),
      )
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    await writeComposerRepository(files, urlOf(server))
  })
  after(async () => {
    await node?.stop()
    server?.close()
    await rm(directory, { recursive: true, force: true })
  })

  test('from a static repository that speaks version 2 of the protocol', async () => {
    await works('static', { type: 'composer', url: urlOf(server) }, { 'secure-http': false })
  })

  test('from a repository that the release script writes', async () => {
    const repository = join(directory, 'plasm-php.git')
    git('init', '--quiet', '--bare', repository)
    const first = await pushRelease(repository)
    assert.equal(git('-C', repository, 'rev-parse', `v${first.version}`), first.commit)
    await assert.rejects(pushRelease(repository), 'a version is released once')
    await works('vcs', { type: 'vcs', url: repository }, {})
  })

  /** Requires the package in an empty project, and runs a job with what was installed. */
  async function works(name: string, repository: object, config: object): Promise<void> {
    const project = join(directory, `project-${name}`)
    await mkdir(project)
    const only = [repository, { packagist: false }, { 'packagist.org': false }]
    await writeFile(join(project, 'composer.json'), JSON.stringify({ repositories: only, config }))
    const env = {
      COMPOSER_HOME: join(directory, `${name}-home`),
      COMPOSER_ALLOW_SUPERUSER: '1',
      PLASM_URL: node.http,
    }
    const required = await run('composer', ['require', '--no-interaction', packageName], { cwd: project, env })
    assert.equal(required.code, 0, required.stderr + required.stdout)
    const script = `<?php
      require 'vendor/autoload.php';
      $plasm = new Plasm\\Client();
      $jobId = $plasm->submit('vendor/${packageName}/examples/hello/hello.wasm', ['cpu' => 1]);
      echo $plasm->result($jobId), $plasm->verify($jobId)->verdict, (new ReflectionClass($plasm))->getFileName();`
    await writeFile(join(project, 'job.php'), script)
    const { code, stdout, stderr } = await run('php', ['job.php'], { cwd: project, env })
    assert.equal(code, 0, stderr)
    assert.match(stdout, new RegExp(`^dlroW ,olleH\\s*valid.*/vendor/${packageName}/src/Client.php$`))
  }
})

const urlOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
