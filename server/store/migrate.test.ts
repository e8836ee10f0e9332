import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { PhaseError } from '../../phase/errors.ts'
import { migrate } from './migrate.ts'
import { Store } from './store.ts'
import { rejection } from './testing/errors.ts'
import { openStore, temporaryDirectory } from './testing/open.ts'

const versionOf = (database: DatabaseSync) => database.prepare('PRAGMA user_version').get()?.user_version

test('each migration runs once, in order', () => {
  const database = new DatabaseSync(':memory:')
  migrate(database, 'd', ['CREATE TABLE a (x)'])
  migrate(database, 'd', ['CREATE TABLE a (x)', 'ALTER TABLE a ADD y'])
  migrate(database, 'd', ['CREATE TABLE a (x)', 'ALTER TABLE a ADD y'])
  database.exec('INSERT INTO a (x, y) VALUES (1, 2)')
  assert.equal(versionOf(database), 2)
  database.close()
})

test('a migration that fails leaves the version before it, whole', () => {
  const database = new DatabaseSync(':memory:')
  const steps = ['CREATE TABLE a (x)', 'CREATE TABLE b (x); CREATE TABLE a (x)']
  assert.throws(() => migrate(database, 'd', steps), /already exists/)
  assert.equal(versionOf(database), 1)
  assert.throws(() => database.exec('SELECT * FROM b'), /no such table/)
  database.close()
})

test("another program's database is left alone", () => {
  const database = new DatabaseSync(':memory:')
  database.exec('CREATE TABLE theirs (x)')
  assert.throws(
    () => migrate(database, 'd', ['CREATE TABLE a (x)']),
    error => error instanceof PhaseError && error.code === 'conflict' && error.message.includes('"d"'),
  )
  database.close()
})

test('a database of a newer version is refused, with what to do, and left as it is', async t => {
  const { store, directory } = await openStore(t)
  await store.stop()
  const database = new DatabaseSync(join(directory, 'store.sqlite'))
  database.exec('PRAGMA user_version = 99')
  database.close()
  const error = await rejection(new Store({ directory, bytesMax: 1 }).start(), 'unsupported')
  assert.match(error.message, /schema 99 is newer/)
  assert.match(error.hint ?? '', /version of the node/)
  const after = new DatabaseSync(join(directory, 'store.sqlite'))
  assert.equal(versionOf(after), 99)
  after.close()
})

test('the first start makes the directory, with its parents', async t => {
  const directory = join(await temporaryDirectory(t), 'a', 'b')
  const store = new Store({ directory, bytesMax: 1 })
  await store.start()
  await store.stop()
})
