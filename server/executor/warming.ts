/**
 * What a process that will rewrite one module does before it waits for it: it rewrites a small one, so that the engine has read the rewriter and knows
 * what goes through it. 30 ms: whoever asks meanwhile loses little, since nearly all of that had to be done for his module, too.
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

const rounds = 3

export function warm(): void {
  for (let left = rounds; left > 0; left--) meter(admit(new Uint8Array(everyShape)), 'detect')
}
