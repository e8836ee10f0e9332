<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Model;

use Plasm\Http;

/** A DSSE v1 envelope: signed bytes and who signed them */
final class Envelope implements \JsonSerializable
{
    use Http\Wire;

    public function __construct(
        /** What the payload is */
        public readonly string $payloadType,
        /** The exact bytes that were signed, base64 */
        public readonly string $payload,
        /** @var list<EnvelopeSignature> */
        #[Http\ListOf(EnvelopeSignature::class)] public readonly array $signatures,
    ) {
    }
}
