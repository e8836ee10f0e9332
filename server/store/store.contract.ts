/** What every store promises, whatever keeps the bytes. */
import type { TestContext } from 'node:test'
import { blobContract } from './blobs.contract.ts'
import { jobContract } from './jobs.contract.ts'
import { jobModelContract } from './jobs.model.contract.ts'
import { peerContract } from './peers.contract.ts'
import type { Store } from './store.ts'

type Public<T> = Pick<T, keyof T>
export type AnyStore = { [Part in 'jobs' | 'receipts' | 'modules' | 'blobs' | 'peers']: Public<Store[Part]> }

export interface StoreUnderTest {
  store: AnyStore
  /** The same data, opened again. */
  reopen: () => Promise<AnyStore>
}

/** A fresh, started store, which the end of the test `t` stops. */
export type MakeStore = (t: TestContext, options?: { bytesMax?: number }) => Promise<StoreUnderTest>

export function storeContract(makeStore: MakeStore): void {
  jobContract(makeStore)
  jobModelContract(makeStore)
  blobContract(makeStore)
  peerContract(makeStore)
}
