<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Model;

use Plasm\Http;

/** What a receipt is worth */
final class Verification implements \JsonSerializable
{
    use Http\Wire;

    public const VERDICT_VALID = 'valid';
    public const VERDICT_INVALID = 'invalid';
    public const VERDICT_UNVERIFIABLE = 'unverifiable';

    public const ASSURANCE_SIGNED = 'signed';
    public const ASSURANCE_PINNED = 'pinned';
    public const ASSURANCE_QUORUM = 'quorum';
    public const ASSURANCE_REPLAYED = 'replayed';

    public function __construct(
        public readonly string $verdict,
        /** @var list<ReceiptCheck> */
        #[Http\ListOf(ReceiptCheck::class)] public readonly array $checks,
        /** Only with verdict valid */
        public readonly ?string $assurance = null,
        /** sha256 of the payload bytes */
        public readonly ?string $receiptId = null,
        /** sha256 of the canonical form of the claim */
        public readonly ?string $claimDigest = null,
        /** Whose signature holds */
        public readonly ?string $executor = null,
    ) {
    }
}
