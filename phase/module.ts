/** What a node knows of a module's bytes (SPEC.md, Module), and of a blob's. */
import { type Static, Type } from '@sinclair/typebox'
import { Digest, Integer, named, ref, Text, Timestamp } from './schema.ts'

export const ModuleImportSchema = named('ModuleImport', 'One import that the module asks for', {
  module: Text('Module name, e.g. wasi_snapshot_preview1', 1024),
  name: Text('Import name, e.g. fd_write', 1024),
  kind: Text('function, table, memory, global', 16),
})
export type ModuleImport = Static<typeof ModuleImportSchema>

export const ModuleExportSchema = named('ModuleExport', 'One export that the module offers', {
  name: Text('Export name, e.g. _start', 1024),
  kind: Text('function, table, memory, global', 16),
})
export type ModuleExport = Static<typeof ModuleExportSchema>

export const ModuleMemorySchema = named('ModuleMemory', 'Linear memory that the module declares', {
  initialBytes: Integer('Bytes at the start'),
  maximumBytes: Type.Optional(Integer('Bytes that it can grow to, where it says so')),
})
export type ModuleMemory = Static<typeof ModuleMemorySchema>

/** What admission reads from the bytes. */
export const ModuleInterfaceSchema = named('ModuleInterface', 'What a module asks for and offers', {
  imports: Type.Array(ref(ModuleImportSchema)),
  exports: Type.Array(ref(ModuleExportSchema)),
  memory: Type.Optional(ref(ModuleMemorySchema)),
})
export type ModuleInterface = Static<typeof ModuleInterfaceSchema>

export const ModuleInfoSchema = named('ModuleInfo', 'A module that this node keeps', {
  digest: Digest('sha256 of the bytes: its name'),
  size: Integer('How many bytes'),
  imports: Type.Array(ref(ModuleImportSchema)),
  exports: Type.Array(ref(ModuleExportSchema)),
  memory: Type.Optional(ref(ModuleMemorySchema)),
  createdAt: Timestamp('When this node first got it'),
})
export type ModuleInfo = Static<typeof ModuleInfoSchema>

export const moduleSchemas = [
  ModuleImportSchema,
  ModuleExportSchema,
  ModuleMemorySchema,
  ModuleInterfaceSchema,
  ModuleInfoSchema,
]
