<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Model;

use Plasm\Http;

/** Receipts, one for each replica */
final class ReceiptList implements \JsonSerializable
{
    use Http\Wire;

    public function __construct(
        /** @var list<Envelope> */
        #[Http\ListOf(Envelope::class)] public readonly array $items,
    ) {
    }
}
