<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Model;

use Plasm\Http\{ListOf, MapOf, Wire};

/** Receipts, one for each replica */
final class ReceiptList implements \JsonSerializable
{
    use Wire;

    public function __construct(
        /** @var list<Envelope> */
        #[ListOf(Envelope::class)] public readonly array $items,
    ) {
    }
}
