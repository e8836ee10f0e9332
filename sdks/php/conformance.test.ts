import { join } from 'node:path'
import { runConformance } from '../conformance/testing/harness.ts'
import { sdkDirectory, without } from './testing/php.ts'

runConformance({
  name: 'PHP',
  command: 'php',
  args: [join(sdkDirectory, 'testing', 'conformance.php')],
  skip: without('php'),
})
