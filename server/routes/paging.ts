/** Cursor pages: `{items, nextCursor}`. A cursor is opaque to the client and comes from the store. */
import { type TSchema, Type } from '@sinclair/typebox'
import { Integer, named, ref, Text } from '../../phase/schema.ts'

export const pageLimitDefault = 50
/** One page is one row-wise read of the store and one JSON answer: about 1 MB at most. */
export const pageLimitMax = 500

export const pageQuery = {
  cursor: Type.Optional(Text('nextCursor of the page before', 256)),
  limit: Type.Optional(Integer('How many at most. 50 unless given', 1, pageLimitMax)),
}

export interface PageQuery {
  cursor?: string
  limit?: number
}

/** A query as the store takes it. */
export const pageOf = (query: PageQuery): { cursor?: string; limit: number } => ({
  limit: query.limit ?? pageLimitDefault,
  ...(query.cursor === undefined ? {} : { cursor: query.cursor }),
})

export const PageSchema = (name: string, description: string, item: TSchema) =>
  named(name, description, {
    items: Type.Array(ref(item)),
    nextCursor: Type.Optional(Text('Cursor of the next page; absent on the last one', 256)),
  })

/** A list that is never longer than one answer. */
export const ListSchema = (name: string, description: string, item: TSchema) =>
  named(name, description, { items: Type.Array(ref(item)) })
