/** Brings a database to the newest schema: numbered migrations, each in a transaction of its own, counted by `user_version`. */
import type { DatabaseSync } from 'node:sqlite'
import { PhaseError } from '../../phase/errors.ts'
import { first } from './migrations/0001-first.ts'
import { sweep } from './migrations/0002-sweep.ts'
import { usage } from './migrations/0003-usage.ts'

/** In order; what was released is never changed, only followed. */
const migrations: readonly string[] = [first, sweep, usage]

/** "Plsm": `file` tells what such a database is. */
const applicationId = 0x506c_736d

/** @throws {PhaseError} `unsupported` for a database of a newer version, `conflict` for one that is not ours. */
export function migrate(connection: DatabaseSync, directory: string, steps: readonly string[] = migrations): void {
  const version = numberOf(connection, 'user_version')
  if (!isEmpty(connection) && numberOf(connection, 'application_id') !== applicationId) {
    throw new PhaseError(
      'conflict',
      `Cannot open the store in "${directory}": its database belongs to another program`,
      { hint: 'Give this node a data directory of its own.' },
    )
  }
  if (version > steps.length) {
    throw new PhaseError(
      'unsupported',
      `Cannot open the store in "${directory}": its schema ${version} is newer than ${steps.length}, the newest that this version knows`,
      { hint: 'Run the version of the node that wrote it, or a later one, or use another data directory.' },
    )
  }
  for (const [index, step] of steps.entries()) if (index >= version) apply(connection, index + 1, step)
}

function apply(connection: DatabaseSync, version: number, step: string): void {
  connection.exec('BEGIN IMMEDIATE')
  try {
    connection.exec(`${step}; PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${version}; COMMIT`)
  } catch (error) {
    if (connection.isTransaction) connection.exec('ROLLBACK')
    throw error
  }
}

const numberOf = (connection: DatabaseSync, pragma: string): number =>
  Number(connection.prepare(`PRAGMA ${pragma}`).get()?.[pragma])

const isEmpty = (connection: DatabaseSync): boolean =>
  connection.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined
