/** Claims: those that a verifier recomputes the digest of, and those that it cannot judge. */
import { canonicalDigest, digestHex } from '../digest.ts'
import { everything, stranger } from './material.ts'
import { change } from './receipts-statement.ts'
import { invalid, pinned, type Row, unverifiable, valid } from './row.ts'

// oxlint-disable-next-line typescript/no-explicit-any -- a claim is spoiled in ways that its type forbids
type Spoiled = any

/** A changed claim, digest and subject recomputed as an executor would that believes in it. */
const claim = (spoil: (claim: Spoiled) => void): string =>
  change(s => {
    spoil(s.predicate.claim)
    s.predicate.claimDigest = canonicalDigest(s.predicate.claim)
    if (s.predicate.claim.stdout) s.subject[0].digest.sha256 = digestHex(s.predicate.claim.stdout.digest)
  })
/** A changed claim under the old digest. */
const stale = (spoil: (claim: Spoiled) => void): string =>
  change(s => {
    spoil(s.predicate.claim)
  })

export function claimReceipts(): Row[] {
  return [
    valid(
      'a guest that exited with 3',
      claim(c => {
        c.outcome.exitCode = 3
      }),
    ),
    valid(
      'a run that was stopped',
      claim(c => {
        c.outcome = { reason: 'stopped' }
      }),
    ),
    valid(
      'a run whose output passed the limit',
      claim(c => {
        c.outcome = { reason: 'outputExceeded' }
      }),
    ),
    valid(
      'capabilities',
      claim(c => {
        c.capabilities = ['clock', 'random']
      }),
    ),
    valid(
      'an unknown member of the claim, in the digest',
      claim(c => {
        c.fuelUsed = 5
      }),
    ),
    valid(
      'unknown members deep in the claim, in the digest',
      claim(c => {
        c.limits.pages = 9
        c.stdin.name = 'x'
        c.outcome.note = [true, [], 'a b~!']
      }),
    ),
    invalid(
      'claimDigest',
      'an unknown member of the claim, not in the digest',
      stale(c => {
        c.fuelUsed = 5
      }),
    ),
    invalid(
      'claimDigest',
      'another claim digest',
      change(s => {
        s.predicate.claimDigest = `sha256:${'0'.repeat(64)}`
      }),
    ),
    invalid(
      'claimDigest',
      'the claim was changed, the digest not',
      stale(c => {
        c.outcome.exitCode = 1
      }),
    ),
    invalid(
      'claimDigest',
      'a claim with null',
      stale(c => {
        c.x = null
      }),
    ),
    invalid(
      'claimDigest',
      'a claim with an empty object',
      stale(c => {
        c.x = {}
      }),
    ),
    invalid(
      'claimDigest',
      'a claim with a letter beyond ASCII',
      stale(c => {
        c.x = 'ü'
      }),
    ),
    invalid(
      'claimDigest',
      'a claim with a quotation mark',
      stale(c => {
        c.x = 'a"b'
      }),
    ),
    invalid(
      'claimDigest',
      'a claim with a backslash',
      stale(c => {
        c.x = 'a\\b'
      }),
    ),
    invalid(
      'claimDigest',
      'a claim with a line break',
      stale(c => {
        c.x = 'a\nb'
      }),
    ),
    invalid(
      'claimDigest',
      'a claim with a name beyond ASCII',
      stale(c => {
        c.ü = 1
      }),
    ),
    invalid(
      'subject',
      'the claim names another stdout than the subject',
      change(s => {
        s.predicate.claim.stdout = { digest: `sha256:${'0'.repeat(64)}`, size: 12 }
        s.predicate.claimDigest = canonicalDigest(s.predicate.claim)
      }),
    ),
    ...[
      'profile',
      'module',
      'args',
      'env',
      'stdin',
      'limits',
      'capabilities',
      'seed',
      'outcome',
      'stdout',
      'stderr',
    ].map(name =>
      invalid(
        'statement',
        `a claim without ${name}`,
        claim(c => {
          delete c[name]
        }),
      ),
    ),
    invalid(
      'statement',
      'an exit without an exit code',
      claim(c => {
        delete c.outcome.exitCode
      }),
    ),
    invalid(
      'statement',
      'an exit code without an exit',
      claim(c => {
        c.outcome.reason = 'stopped'
      }),
    ),
    invalid(
      'statement',
      'an exit code of 2^32',
      claim(c => {
        c.outcome.exitCode = 4_294_967_296
      }),
    ),
    invalid(
      'statement',
      'a size as a string',
      claim(c => {
        c.stdout.size = '12'
      }),
    ),
    invalid(
      'statement',
      'a digest without its algorithm',
      claim(c => {
        c.module = c.module.slice(7)
      }),
    ),
    invalid(
      'statement',
      'a seed in capitals',
      claim(c => {
        c.seed = 'AB'.repeat(32)
      }),
    ),
    invalid(
      'statement',
      'capabilities that are no array',
      claim(c => {
        c.capabilities = 'clock'
      }),
    ),
    unverifiable(
      'reason',
      'an unknown reason',
      claim(c => {
        c.outcome = { reason: 'slept' }
      }),
      pinned,
    ),
    unverifiable(
      'reason',
      'an unknown reason with members of its own',
      claim(c => {
        c.outcome = { reason: 'slept', hours: 8 }
      }),
    ),
    invalid(
      'reason',
      'an unknown reason, and another nonce than expected',
      claim(c => {
        c.outcome = { reason: 'slept' }
      }),
      { nonce: '00'.repeat(16) },
    ),
    unverifiable(
      'profile',
      'an unknown profile',
      claim(c => {
        c.profile = 'phase-wasm32-v2'
        c.instructions = 12
        c.limits.instructions = 1000
      }),
      everything,
    ),
    unverifiable(
      'profile',
      'an unknown profile, nobody pinned',
      claim(c => {
        c.profile = 'phase-wasm64-v7'
      }),
    ),
    unverifiable(
      'profile',
      'an unknown profile with a claim of its own',
      change(s => {
        s.predicate.claim = { profile: 'other', result: 'x' }
        s.predicate.claimDigest = canonicalDigest(s.predicate.claim)
      }),
      everything,
    ),
    invalid(
      'profile',
      'an unknown profile, and another claim digest',
      stale(c => {
        c.profile = 'other'
      }),
    ),
    invalid(
      'profile',
      'an unknown profile, and another nonce than expected',
      claim(c => {
        c.profile = 'other'
      }),
      { nonce: '00'.repeat(16) },
    ),
    invalid(
      'profile',
      'an unknown profile, and another stdout than expected',
      claim(c => {
        c.profile = 'other'
      }),
      { stdout: `sha256:${'0'.repeat(64)}` },
    ),
    invalid(
      'signature',
      'an unknown profile, signed by somebody else',
      claim(c => {
        c.profile = 'other'
      }),
      { executor: stranger.did },
    ),
  ]
}
