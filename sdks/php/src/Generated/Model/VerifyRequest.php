<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Model;

use Plasm\Http;

/** A receipt, and what it is held against */
final class VerifyRequest implements \JsonSerializable
{
    use Http\Wire;

    public function __construct(
        public readonly Envelope $envelope,
        public readonly ?ReceiptExpected $expected = null,
    ) {
    }
}
