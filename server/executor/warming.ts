/**
 * What a process that will rewrite one module does before it waits for it: it rewrites a small one, so that the engine has read the rewriter. Once:
 * whoever asks meanwhile loses nothing, since all of that had to be done for his module, too.
 */
import { meter } from '../../machine/meter.ts'
import { admit } from '../../machine/validate.ts'

/** machine/fixtures/every-shape.wat, compiled: a child has no files. */
export const everyShape: Uint8Array = Buffer.from(
  'AGFzbQEAAAABIQZgAX8Bf2AEf39/fwF/YAF/AGACf38Bf2ACfH8BfGAAAAJGAhZ3YXNpX3NuYXBzaG90X3ByZXZpZXcxCGZkX3dy' +
    'aXRlAAEWd2FzaV9zbmFwc2hvdF9wcmV2aWV3MQlwcm9jX2V4aXQAAgMHBgAAAwAEBQQFAXABAgIFAwEAAQYSAn8BQQALfAFEAAAA' +
    'AAAAAAALBxMCBm1lbW9yeQIABl9zdGFydAAHCQgBAEEACwICAwrOAgYMACAAQR9sQcDEB2oLRQICfwF+AkADQCABIABPDQEgAiAB' +
    'KAKACHMhAiABIAI6AIAQIAMgAS0AB618IQMgAUEBaiEBDAALCyADUARAIAIPCyACC0IBAX8CQAJAAkACQCAADgMAAQIDCyABEAMh' +
    'AgwCCyABQQERAAAhAgwBCyABBH9BAQVBBRACCyECCyMAIAJqJAAgAgsiAQF/IABBAkkEQEEBDwsgAEEBaxAFIQEgASAAQQJrEAVq' +
    'CzgCAXwBfwNAIAIgAKNBwAArAwCfoCECQcAAIAI5A6wCIANBAWoiAyABSQ0ACyACmiAAIAIgAGQbC1oBAX9BAEEBQYAE/AsAA0Ag' +
    'AEEoEAQaIABBAWoiAEEESQ0AC0EAQAAaRAAAAAAAAABAQQMQBRAGJAFBEEGACDYCAEEUQQQ2AgBBAUEQQQFBGBAABEBBARABCwsL' +
    'CwEAQYAICwR0ZXh0',
  'base64',
)

export function warm(): void {
  meter(admit(new Uint8Array(everyShape)), 'detect')
}
