<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Model;

use Plasm\Http;

/** One signature of an envelope */
final class EnvelopeSignature implements \JsonSerializable
{
    use Http\Wire;

    public function __construct(
        /** Ed25519 signature, base64 */
        public readonly string $sig,
        /** did:key of the signer: a hint only */
        public readonly ?string $keyid = null,
    ) {
    }
}
