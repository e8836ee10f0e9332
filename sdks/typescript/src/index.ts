/** @phasebased/plasm: what a program needs, and nothing of how it is done. */
export * from './errors.ts'
export type { Api } from './generated/api.ts'
export type * from './generated/models.ts'
export type { Input, JobOptions } from './options.ts'
export { Output } from './output.ts'
export { Plasm, type PlasmOptions, type WaitOptions } from './plasm.ts'
export { type Binding, type Claim, type Measurement, Receipt, type VerifyOptions } from './receipt.ts'
export {
  type Body,
  type Call,
  type Fetch,
  type FetchAnswer,
  type FetchInit,
  Reply,
  type RequestOptions,
  type Transport,
} from './transport.ts'
export type { Module } from './uploads.ts'
export { version } from './version.ts'
