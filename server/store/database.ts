/** The one connection: durable by its settings, alone by its lock, and a transaction for each group of calls. */
import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { PhaseError } from '../../phase/errors.ts'
import { isBusy, storeFailure } from './failures.ts'
import { migrate } from './migrate.ts'

/** Only the opening can meet another connection: a node that is just stopping may take this long to let go. */
const busyTimeoutMs = 1_000
/** The write-ahead log is cut back to this after a burst. */
const walBytesMax = 64 * 1024 * 1024

export type Settled<T> = { value: T } | { error: PhaseError }

/** What is kept in memory of what is in the database, and has to go its ways. */
export interface Kept<State> {
  /** As of now. */
  readonly now: State
  /** A part of the transaction, or all of it, is undone. */
  undo(to: State): void
  /** The last of the transaction's statements. */
  write(): void
  /** The transaction is on the disk. */
  written(): void
}

const nothing: Kept<undefined> = { now: undefined, undo: () => {}, write: () => {}, written: () => {} }

export class Database {
  private readonly connection: DatabaseSync
  private readonly statements = new Map<string, StatementSync>()
  private kept: Kept<unknown> = nothing
  /** Transactions that wrote, since the opening. */
  commits = 0

  /** @throws {PhaseError} `conflict` where another process has it open; as `migrate`; as `storeFailure`. */
  constructor(directory: string) {
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 })
      this.connection = new DatabaseSync(join(directory, 'store.sqlite'), { timeout: busyTimeoutMs })
    } catch (error) {
      throw storeFailure(error, `open the store in "${directory}"`)
    }
    try {
      configure(this.connection)
      migrate(this.connection, directory)
      syncDirectory(directory)
    } catch (error) {
      this.connection.close()
      throw isBusy(error) ? inUse(directory, error) : storeFailure(error, `open the store in "${directory}"`)
    }
  }

  /** The statement of `sql`, compiled once. */
  sql(sql: string): StatementSync {
    let statement = this.statements.get(sql)
    if (statement === undefined) {
      statement = this.connection.prepare(sql)
      this.statements.set(sql, statement)
    }
    return statement
  }

  /** From here on each transaction says to `kept` how it goes. */
  keep(kept: Kept<unknown>): void {
    this.kept = kept
  }

  /** A number that SQLite keeps of this connection. */
  pragma(name: 'synchronous' | 'foreign_keys' | 'user_version'): number {
    return Number(this.sql(`PRAGMA ${name}`).get()?.[name])
  }

  /** All of `calls` in one transaction: one that throws is undone alone. When this returns, what succeeded is on the disk. */
  group<T>(calls: readonly (() => T)[]): Settled<T>[] {
    const before = this.kept.now
    try {
      this.sql('BEGIN IMMEDIATE').run()
      const settled = calls.map(call => this.apart(call))
      this.kept.write()
      this.sql('COMMIT').run()
      this.kept.written()
      this.commits++
      return settled
    } catch (cause) {
      this.kept.undo(before)
      if (this.connection.isTransaction) this.sql('ROLLBACK').run()
      const error = storeFailure(cause, 'write to the store')
      return calls.map(() => ({ error }))
    }
  }

  close(): void {
    try {
      this.connection.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    } finally {
      this.statements.clear()
      this.connection.close()
    }
  }

  private apart<T>(call: () => T): Settled<T> {
    this.sql('SAVEPOINT call').run()
    const before = this.kept.now
    try {
      const value = call()
      this.sql('RELEASE call').run()
      return { value }
    } catch (cause) {
      // A full disk may have rolled all of it back: then no call of the group can succeed.
      if (!this.connection.isTransaction) throw cause
      this.kept.undo(before)
      this.sql('ROLLBACK TO call').run()
      this.sql('RELEASE call').run()
      return { error: storeFailure(cause, 'write to the store') }
    }
  }
}

/** In this order: the lock is asked for before the file is touched. */
function configure(connection: DatabaseSync): void {
  connection.exec('PRAGMA locking_mode = EXCLUSIVE')
  connection.exec('PRAGMA journal_mode = WAL')
  connection.exec('PRAGMA synchronous = FULL')
  connection.exec('PRAGMA foreign_keys = ON')
  connection.exec('PRAGMA trusted_schema = OFF')
  connection.exec(`PRAGMA journal_size_limit = ${walBytesMax}`)
  connection.exec('BEGIN EXCLUSIVE; COMMIT')
}

/** The name of a new file survives a power cut only once its directory is synced. */
function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

const inUse = (directory: string, cause: unknown) =>
  new PhaseError('conflict', `Cannot open the store in "${directory}": another node is using it`, {
    hint: 'Stop that node, or give this one another data directory.',
    cause,
  })
