import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Metrics } from './metrics.ts'

test('what is counted and what is observed is exposed under its name', async () => {
  const metrics = new Metrics()
  metrics.accepted()
  metrics.job('succeeded', 'exited', 0.2)
  metrics.job('failed', 'timedOut')
  metrics.ran('exited', 0.01)
  metrics.killed('timedOut')
  metrics.offered('settled')
  metrics.uploaded('module', 100)
  metrics.swept({ jobs: 2, contents: 3, bytes: 400 })
  metrics.answered({ method: 'GET', route: '/v1/jobs/:id', status: 200 }, 0.001)
  let peers = 3
  metrics.observe({ peers: () => peers, storeBytes: () => Promise.resolve(77) })
  const lines = (await metrics.text()).split('\n')
  for (const line of [
    'plasm_jobs_accepted_total 1',
    'plasm_jobs_total{state="succeeded",reason="exited"} 1',
    'plasm_job_duration_seconds_count{state="succeeded"} 1',
    'plasm_executor_run_duration_seconds_count{outcome="exited"} 1',
    'plasm_executor_kills_total{reason="timedOut"} 1',
    'plasm_offers_total{outcome="settled"} 1',
    'plasm_upload_bytes_total{kind="module"} 100',
    'plasm_http_request_duration_seconds_count{method="GET",route="/v1/jobs/:id",status="200"} 1',
    'plasm_peers 3',
    'plasm_store_bytes 77',
    'plasm_store_swept_total{kind="job"} 2',
    'plasm_store_swept_total{kind="content"} 3',
    'plasm_store_swept_bytes_total 400',
  ]) {
    assert.ok(lines.includes(line), line)
  }
  peers = 4
  assert.match(await metrics.text(), /^plasm_peers 4$/m)
  for (const line of lines.filter(line => line.startsWith('# TYPE'))) assert.match(line, /^# TYPE plasm_/)
})

test('what cannot be observed now is not a number, and the rest is said', async () => {
  const metrics = new Metrics()
  metrics.observe({ storeBytes: () => Promise.reject(new Error('the store has stopped')), slots: () => 2 })
  const lines = (await metrics.text()).split('\n')
  assert.ok(lines.includes('plasm_store_bytes Nan') || lines.includes('plasm_store_bytes NaN'), lines.join('\n'))
  assert.ok(lines.includes('plasm_slots 2'))
})
