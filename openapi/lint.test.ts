import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

const root = join(import.meta.dirname, '..')
const linter = join(root, 'node_modules', '@redocly', 'cli', 'bin', 'cli.js')

test('redocly finds nothing wrong with the document', async () => {
  // What a stream carries is named by x-plasm-stream, which no linter knows.
  const rules = ['--extends', 'recommended', '--skip-rule', 'no-unused-components']
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [linter, 'lint', ...rules, '--format', 'json', 'openapi/openapi.json'],
    {
      cwd: root,
      timeout: 120_000,
      env: { PATH: process.env['PATH'], REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
    },
  )
  assert.deepEqual((JSON.parse(stdout) as { problems: object[] }).problems, [])
})
